// Package chroot runs programs of an image inside its root tree; nothing else in
// fimg executes anything.
//
// A Session prepares mount, pid, ipc and uts namespaces (and one without network
// on request) once; any number of programs then run in it, each for the price of
// a vfork and exec. Inside, the tree is the root file system, with /proc of its
// own, a minimal /dev and, as asked, /sys, /run, /tmp, resolv.conf and bind
// mounts. Nothing of that is visible outside of the namespaces, and the tree
// itself gains at most empty mount points.
//
// How it is made. Namespaces belong to threads, so a Session owns one operating
// system thread: it unshares, mounts, pivots into a small private tmpfs and
// starts every program, which inherits all that. No helper program and no
// re-execution of the own binary are needed, so any Go program and any test may
// use the package as it stands. Process 1 of the pid namespace is a stub of some
// hundred bytes (init.go) whose root is that tmpfs, outside of the image's: so
// programs that look whether they run in a chroot see that they do, as under
// "rpm --root", and what breaks out of the chroot finds an empty place.
//
// What ends. Process 1 reads a pipe that only this process holds and has a
// parent-death signal as well: when the process dies, however it dies, process 1
// ends, with it every process of the namespace, and with them the mounts. After
// each program its descendants that are still alive are killed. A program that takes
// too much time, memory, space or processes, or prints too much, is ended with them.
//
// Without root, call EnterUserNamespace first thing in main: it runs the program
// anew as root of a user namespace, with subordinate ids where newuidmap(1) grants
// them. A Session is then the same.
//
// Needs Linux 5.12 or newer: the mount API of open_tree(2), fsopen(2),
// move_mount(2) and mount_setattr(2). Left out: seccomp filters, cgroups.
package chroot
