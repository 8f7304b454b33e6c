package btrfs

import (
	"fmt"
	"path"
	"strings"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/tree"
)

// ContentError says that something in the tree cannot be on this file system.
type ContentError struct {
	Path   string
	Reason string
}

func (e *ContentError) Error() string { return fmt.Sprintf("write btrfs: %s: %s", e.Path, e.Reason) }

// FaultClass is fault.Description.
func (e *ContentError) FaultClass() fault.Class { return fault.Description }

// checkNode refuses what no kernel could have put on such a file system.
func (o *Options) checkNode(n *tree.Node) error {
	refuse := func(format string, args ...any) error {
		return &ContentError{n.Path, fmt.Sprintf(format, args...)}
	}
	room := leafRoom(o.NodeSize)
	if _, ok := entryKinds[n.Type()]; !ok {
		return refuse("mode %o has no known file type", n.Mode)
	}
	if k := len(path.Base(n.Path)); k > 255 {
		return refuse("the name has %d bytes, 255 are possible", k)
	}
	if n.IsFile() && (n.Size < 0 || n.Size > 1<<62) {
		return refuse("a file cannot have %d bytes", n.Size)
	}
	if n.Type() == tree.TypeLink && (n.Target == "" || len(n.Target) > room-inlineHeader) {
		return refuse("the link has a target of %d bytes, 1 to %d are possible with nodes of %d bytes",
			len(n.Target), room-inlineHeader, o.NodeSize)
	}
	for _, x := range n.Xattrs {
		size := dirItemSize + len(x.Name) + len(x.Value)
		if !strings.HasPrefix(x.Name, "btrfs.") && (len(x.Name) > 255 || size > room) {
			return refuse("extended attribute %s of %d bytes does not fit into a node of %d bytes", x.Name, len(x.Value), o.NodeSize)
		}
	}
	return nil
}
