package btrfs

import (
	"fmt"
)

// node is a tree block being filled. In a leaf the item headers grow from the
// front and the data from the back.
type node struct {
	buf   []byte
	count int
	data  int // where the item data begin
	first key
}

func (n *node) reset() {
	clear(n.buf)
	n.count, n.data = 0, len(n.buf)
}

func (n *node) leafRoom() int { return n.data - headerSize - n.count*itemHeaderSize }

func (n *node) addItem(k key, data []byte) {
	n.data -= len(data)
	copy(n.buf[n.data:], data)
	h := n.buf[headerSize+n.count*itemHeaderSize:]
	k.put(h)
	le.PutUint32(h[17:], uint32(n.data-headerSize))
	le.PutUint32(h[21:], uint32(len(data)))
	n.added(k)
}

func (n *node) addPointer(k key, bytenr uint64) {
	h := n.buf[headerSize+n.count*keyPtrSize:]
	k.put(h)
	le.PutUint64(h[17:], bytenr)
	le.PutUint64(h[25:], generation)
	n.added(k)
}

func (n *node) added(k key) {
	if n.count == 0 {
		n.first = k
	}
	n.count++
}

// blockRef is a finished tree block.
type blockRef struct {
	bytenr uint64
	level  uint8
}

// treeWriter loads one tree bottom up from items in key order.
type treeWriter struct {
	owner  uint64
	size   int // of a node
	place  func() uint64
	emit   func(w *treeWriter, n *node, at blockRef) error
	levels []*node
	last   key
	some   bool
	blocks []blockRef
}

// room is the largest item data a leaf can hold.
func leafRoom(nodeSize int) int { return nodeSize - headerSize - itemHeaderSize }

func (t *treeWriter) level(i int) *node {
	if i == len(t.levels) {
		n := &node{buf: make([]byte, t.size)}
		n.reset()
		t.levels = append(t.levels, n)
	}
	return t.levels[i]
}

// add appends an item; its key must be greater than that before.
func (t *treeWriter) add(k key, data []byte) error {
	if t.some && k.compare(t.last) <= 0 {
		return fmt.Errorf("write tree %d: key %v after %v", t.owner, k, t.last)
	}
	if len(data) > leafRoom(t.size) {
		return fmt.Errorf("write tree %d: item %v of %d bytes does not fit into a node of %d", t.owner, k, len(data), t.size)
	}
	t.last, t.some = k, true
	leaf := t.level(0)
	if leaf.leafRoom() < itemHeaderSize+len(data) {
		if err := t.flush(0); err != nil {
			return err
		}
	}
	leaf.addItem(k, data)
	return nil
}

// flush finishes the node of a level and points to it from the level above.
func (t *treeWriter) flush(level int) error {
	n := t.levels[level]
	ref := blockRef{t.place(), uint8(level)}
	t.blocks = append(t.blocks, ref)
	if err := t.emit(t, n, ref); err != nil {
		return err
	}
	up := t.level(level + 1)
	if headerSize+(up.count+1)*keyPtrSize > t.size {
		if err := t.flush(level + 1); err != nil {
			return err
		}
	}
	up.addPointer(n.first, ref.bytenr)
	n.reset()
	return nil
}

// finish writes what is left and returns the root.
func (t *treeWriter) finish() (blockRef, error) {
	t.level(0)
	for level := 0; ; level++ {
		n := t.levels[level]
		if level > 0 && n.count == 1 && level == len(t.levels)-1 {
			return t.blocks[len(t.blocks)-1], nil
		}
		if n.count == 0 && level > 0 {
			continue
		}
		if err := t.flush(level); err != nil {
			return blockRef{}, err
		}
	}
}
