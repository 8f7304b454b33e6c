"""Answers jobs with dnf 4: reads {"arch", "root", "repositories", "jobs": [{"id",
"args", "exclude", "variant"}]} and prints {id: result} as in a job file."""
import json
import os
import sys

import dnf
import dnf.exceptions


def base_of(request, job):
    base = dnf.Base()
    conf = base.conf
    root = request["root"]
    conf.substitutions["arch"] = request["arch"]
    conf.substitutions["basearch"] = request["arch"]
    conf.substitutions["releasever"] = "9"
    conf.installroot = os.path.join(root, "installroot")
    conf.cachedir = os.path.join(root, "cache")
    conf.persistdir = os.path.join(root, "persist")
    conf.logdir = root
    conf.reposdir = []
    conf.pluginpath = []
    conf.gpgcheck = False
    conf.strict = True
    conf.best = job["variant"].endswith("_best")
    conf.install_weak_deps = job["variant"].startswith("weak_")
    conf.excludepkgs = job["exclude"] or []
    for i, path in enumerate(request["repositories"]):
        base.repos.add_new_repo("r%d" % i, conf, baseurl=["file://" + path], metadata_expire=-1)
    base.fill_sack(load_system_repo=False)
    return base


def answer(base, job):
    try:
        base.install_specs(job["args"])
    except dnf.exceptions.MarkingErrors as e:
        return {"ok": False, "stage": "mark", "error": str(e)}
    try:
        base.resolve()
    except dnf.exceptions.DepsolveError as e:
        return {"ok": False, "stage": "solve", "error": str(e)}
    return {"ok": True, "install": sorted(
        "%s-%s:%s-%s.%s" % (p.name, p.epoch, p.version, p.release, p.arch)
        for p in base.transaction.install_set)}


def main():
    request = json.load(sys.stdin)
    answers = {}
    for job in request["jobs"]:
        with base_of(request, job) as base:
            answers[job["id"]] = answer(base, job)
    json.dump(answers, sys.stdout)


main()
