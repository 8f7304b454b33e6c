# Answers removals with libsolv, set up as dnf sets it up for "dnf remove": each
# line of the input is a system and what to erase of it, each line of the output
# what goes and why: "named", "in need" or "unneeded"; null where there is no answer.
import ctypes, json, sys
import solv

lib = ctypes.CDLL("libsolv.so.1")
lib.solver_get_cleandeps.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
lib.queue_init.argtypes = [ctypes.c_void_p]


class Queue(ctypes.Structure):
    _fields_ = [("elements", ctypes.POINTER(ctypes.c_int)), ("count", ctypes.c_int),
                ("alloc", ctypes.c_void_p), ("left", ctypes.c_int)]


def cleandeps(solver):
    q = Queue()
    lib.queue_init(ctypes.byref(q))
    lib.solver_get_cleandeps(int(solver.this), ctypes.byref(q))
    return {q.elements[i] for i in range(q.count)}


def dependency(pool, text):
    if text.startswith("("):
        return pool.parserpmrichdep(text)
    words = text.split()
    dep = pool.Dep(words[0])
    if len(words) == 3:
        flags = {"<": solv.REL_LT, ">": solv.REL_GT, "=": solv.REL_EQ}
        dep = dep.Rel(sum(flags[c] for c in words[1]), pool.Dep(words[2]))
    return dep


def answer(case):
    pool = solv.Pool()
    pool.setdisttype(solv.Pool.DISTTYPE_RPM)
    pool.setarch("x86_64")
    pool.set_flag(solv.Pool.POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, 1)
    repo = pool.add_repo("@System")
    pool.installed = repo
    all = []
    for p in case["packages"]:
        s = repo.add_solvable()
        s.name, s.evr, s.arch = p["name"], p["evr"], p["arch"]
        s.add_provides(pool.Dep(s.name).Rel(solv.REL_EQ, pool.Dep(s.evr)))
        for d in p["provides"]:
            s.add_provides(dependency(pool, d))
        for d in p["requires"]:
            s.add_requires(dependency(pool, d))
        for d in p["recommends"]:
            s.add_recommends(dependency(pool, d))
        for d in p["supplements"]:
            s.add_supplements(dependency(pool, d))
        all.append(s)
    pool.createwhatprovides()
    jobs = [pool.Job(solv.Job.SOLVER_ERASE | solv.Job.SOLVER_SOLVABLE | (solv.Job.SOLVER_CLEANDEPS if case["clean"] else 0), all[i].id) for i in case["erase"]]
    jobs += [pool.Job(solv.Job.SOLVER_ALLOWUNINSTALL | solv.Job.SOLVER_SOLVABLE, s.id) for s in all]
    jobs += [pool.Job(solv.Job.SOLVER_USERINSTALLED | solv.Job.SOLVER_SOLVABLE, all[i].id) for i in case["wanted"]]
    solver = pool.Solver()
    for flag in (solver.SOLVER_FLAG_KEEP_ORPHANS, solver.SOLVER_FLAG_BEST_OBEY_POLICY, solver.SOLVER_FLAG_YUM_OBSOLETES):
        solver.set_flag(flag, 1)
    if solver.solve(jobs):
        return None
    unneeded = cleandeps(solver)
    out = {}
    for p in solver.transaction().steps():
        reason, rule = solver.describe_decision(p)
        if reason == solver.SOLVER_REASON_UNIT_RULE and rule.type == solver.SOLVER_RULE_JOB:
            why = "named"
        elif reason == solver.SOLVER_REASON_CLEANDEPS_ERASE or p.id in unneeded:
            why = "unneeded"
        else:
            why = "in need"
        out[str(all.index(p))] = why
    return out


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))
