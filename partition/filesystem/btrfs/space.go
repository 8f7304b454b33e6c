package btrfs

// The trees about space: chunks, device extents, block groups, free space and
// extents.

// stripes returns the CHUNK_ITEM of a chunk with its stripes.
func (b *builder) chunkItem(c *chunk) []byte {
	item := appendStruct(nil, chunkItem{Length: c.length, Owner: extentTreeID, StripeLen: stripeLen, Type: c.kind,
		IOAlign: stripeLen, IOWidth: stripeLen, SectorSize: uint32(b.opts.SectorSize),
		NumStripes: uint16(len(c.stripes)), SubStripes: 1})
	for _, s := range c.stripes {
		item = appendStruct(item, stripe{1, s, b.devUUID})
	}
	return item
}

func (b *builder) devItem() devItem {
	sector := uint32(b.opts.SectorSize)
	return devItem{DevID: 1, TotalBytes: b.totalBytes(), BytesUsed: b.device.allocated(),
		IOAlign: sector, IOWidth: sector, SectorSize: sector, UUID: b.devUUID, FSID: b.opts.UUID}
}

// totalBytes is the device in whole sectors.
func (b *builder) totalBytes() uint64 {
	return uint64(b.opts.Size) / uint64(b.opts.SectorSize) * uint64(b.opts.SectorSize)
}

func (b *builder) fillChunks(t *treeWriter) error {
	if err := t.add(key{devItemsID, typeDevItem, 1}, appendStruct(nil, b.devItem())); err != nil {
		return err
	}
	for _, c := range b.device.chunks {
		if err := t.add(key{firstChunkID, typeChunkItem, c.logical}, b.chunkItem(c)); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) fillDevice(t *treeWriter) error {
	items := []treeItem{{key{0, typePersistentItem, 1}, make([]byte, 5*8)}}
	for _, c := range b.device.chunks {
		for _, s := range c.stripes {
			data := appendStruct(nil, devExtent{chunkTreeID, firstChunkID, c.logical, c.length, b.chunkUUID})
			items = append(items, treeItem{key{1, typeDevExtent, s}, data})
		}
	}
	return addSorted(t, items)
}

func (c *chunk) blockGroup() (key, []byte) {
	return key{c.logical, typeBlockGroup, c.length}, appendStruct(nil, blockGroupItem{c.used, firstChunkID, c.kind})
}

func (b *builder) fillBlockGroups(t *treeWriter) error {
	for _, c := range b.device.chunks {
		k, data := c.blockGroup()
		if err := t.add(k, data); err != nil {
			return err
		}
	}
	return nil
}

// fillFreeSpace writes the free-space tree: block groups are used from the front,
// so each has one free extent at most.
func (b *builder) fillFreeSpace(t *treeWriter) error {
	for _, c := range b.device.chunks {
		count := min(c.length-c.used, 1)
		if err := t.add(key{c.logical, typeFreeSpaceInfo, c.length}, le.AppendUint64(nil, count)); err != nil {
			return err
		}
		if count == 0 {
			continue
		}
		if err := t.add(key{c.logical + c.used, typeFreeSpace, c.length - c.used}, nil); err != nil {
			return err
		}
	}
	return nil
}

// fillExtents writes the extent tree: what every allocated piece of every block
// group belongs to.
func (b *builder) fillExtents(t *treeWriter) error {
	blocks, extents := b.blocks, b.extents
	for _, c := range b.device.chunks {
		end := c.logical + c.length
		group := !b.opts.BlockGroupTree
		for {
			var k key
			var data []byte
			switch {
			case len(blocks) > 0 && blocks[0].bytenr < end:
				k, data = metadataItem(blocks[0])
				blocks = blocks[1:]
			case len(extents) > 0 && extents[0].bytenr < end:
				k, data = b.dataItem(extents[0])
				extents = extents[1:]
			}
			if group && k.ObjectID != c.logical {
				group = false
				if err := b.addBlockGroup(t, c); err != nil {
					return err
				}
			}
			if data == nil {
				break
			}
			if err := t.add(k, data); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) addBlockGroup(t *treeWriter, c *chunk) error {
	k, data := c.blockGroup()
	return t.add(k, data)
}

func metadataItem(o ownedBlock) (key, []byte) {
	data := extentItem{1, generation, extentFlagTreeBlock}.append(make([]byte, 0, 64))
	data = append(data, typeTreeBlockRef)
	return key{o.bytenr, typeMetadataItem, uint64(o.level)}, le.AppendUint64(data, o.owner)
}

// dataItem is a data extent with its one reference; simple quotas also note who
// pays for it.
func (b *builder) dataItem(e dataExtent) (key, []byte) {
	data := extentItem{1, generation, extentFlagData}.append(make([]byte, 0, 64))
	if b.opts.Quota == QuotaSimple {
		data = append(data, typeOwnerRef)
		data = le.AppendUint64(data, e.root)
	}
	data = append(data, typeExtentDataRef)
	data = dataRef{e.root, e.inode, e.offset, 1}.append(data)
	return key{e.bytenr, typeExtentItem, e.length}, data
}
