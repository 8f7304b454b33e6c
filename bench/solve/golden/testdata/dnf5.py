"""Answers jobs with dnf5: reads {"arch", "platform", "root", "repositories",
"jobs": [{"id", "args", "exclude", "modules", "variant"}]} and prints {id: result} as in a job file."""
import json
import os
import sys

import libdnf5


def base_of(request, exclude):
    base = libdnf5.base.Base()
    conf = base.get_config()
    root = request["root"]
    conf.installroot = os.path.join(root, "installroot")
    conf.system_cachedir = conf.cachedir = os.path.join(root, "cache")
    conf.system_state_dir = os.path.join(root, "state")
    conf.plugins = False
    conf.reposdir = []
    conf.module_platform_id = request["platform"]
    conf.optional_metadata_types = ["comps", "filelists", "modules"]
    conf.excludepkgs = exclude or []
    for name in "arch", "basearch":
        base.get_vars().set(name, request["arch"])
    base.get_vars().set("releasever", "9")
    base.setup()
    sack = base.get_repo_sack()
    for i, path in enumerate(request["repositories"]):
        repo = sack.create_repo("r%d" % i).get_config()
        repo.baseurl = ["file://" + path]
        repo.pkg_gpgcheck = False
        repo.metadata_expire = -1
    sack.load_repos(libdnf5.repo.Repo.Type_AVAILABLE)
    return base


def answer(base, job):
    conf = base.get_config()
    conf.best = job["variant"].endswith("_best")
    conf.install_weak_deps = job["variant"].startswith("weak_")
    goal = libdnf5.base.Goal(base)
    for stream in job.get("modules") or []:
        goal.add_module_enable(stream, libdnf5.base.GoalJobSettings())
    for arg in job["args"]:
        goal.add_install(arg, libdnf5.base.GoalJobSettings())
    done = goal.resolve()
    problems = done.get_problems()
    texts = [log.to_string() for log in done.get_resolve_logs()]
    if problems & ~libdnf5.base.GoalProblem_NO_PROBLEM:
        stage = "solve" if problems & libdnf5.base.GoalProblem_SOLVER_ERROR else "mark"
        return {"ok": False, "stage": stage, "error": "; ".join(texts)}
    return {"ok": True, "install": sorted(
        "%s-%s:%s-%s.%s" % (p.get_name(), p.get_epoch(), p.get_version(), p.get_release(), p.get_arch())
        for p in (i.get_package() for i in done.get_transaction_packages()))}


def main():
    request = json.load(sys.stdin)
    plain, answers = base_of(request, []), {}
    for job in request["jobs"]:
        apart = job.get("exclude") or job.get("modules") or job["args"][0].startswith("@")
        base = base_of(request, job.get("exclude")) if apart else plain
        answers[job["id"]] = answer(base, job)
    json.dump(answers, sys.stdout)


main()
