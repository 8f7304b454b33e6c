// Package solve decides which packages a transaction needs.
//
// Solve is a pure function of a universe of packages, a list of jobs and
// options. It decides as dnf 4 does, that is as libsolv with the flags libdnf
// sets: a conflict-driven clause-learning solver over rules made from the
// dependencies, whose order of decisions and whose preferences between
// candidates are libsolv's, so that the same packages come out. Plan turns the
// arguments of "dnf install" into jobs. The result does not depend on the number
// of processors, on map order or on time.
//
// Left out of libsolv's repertoire are distribution upgrades, multiversion
// packages, vendor locks, namespaces and everything for other package formats.
package solve
