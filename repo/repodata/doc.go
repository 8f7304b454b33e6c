// Package repodata reads the metadata of an RPM repository: repomd.xml,
// primary.xml and filelists.xml, in the form createrepo_c writes and dnf and
// libsolv read (namespaces http://linux.duke.edu/metadata/{repo,common,filelists}).
//
// The two big files are read by a byte scanner made for them: it keeps no tree,
// allocates nothing per package and hands out slices of its own buffer. It reads
// the subset of XML 1.0 that these files are written in, strictly: elements,
// attributes, character data, the five predefined entities and numeric character
// references, comments, CDATA sections and processing instructions. Document type
// declarations are refused, so there are no entities to expand.
//
// Left out: other.xml (changelogs) and the sqlite variants. Text is not checked
// to be UTF-8; control characters are refused.
package repodata
