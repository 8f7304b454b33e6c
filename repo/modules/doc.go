// Package modules reads modules.yaml and says which packages module streams hide
// or offer.
//
// The documents are those of libmodulemd: modulemd versions 1 and 2 and
// modulemd-defaults version 1. A stream is active when it was enabled, when it is
// the default of a module that was not disabled, or when an active stream requires
// it. The packages of other streams are hidden, and so is every other package that
// has or provides the name of a package of an active stream, as dnf does it.
//
// Left out: profiles' installation state, obsoletes, translations and packager
// documents.
package modules
