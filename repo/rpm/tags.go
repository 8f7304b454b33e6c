package rpm

import (
	"fmt"
	"slices"
	"strings"
)

// Tag identifies one piece of data in a header.
type Tag uint32

// Type is the type of a tag's data (format_header.md).
type Type uint32

// The data types. TypeI18N is an array with one string for each locale of the
// header's table.
const (
	TypeChar        Type = 1
	TypeInt8        Type = 2
	TypeInt16       Type = 3
	TypeInt32       Type = 4
	TypeInt64       Type = 5
	TypeString      Type = 6
	TypeBin         Type = 7
	TypeStringArray Type = 8
	TypeI18N        Type = 9
)

// size returns the length of one element in bytes, zero for the string types.
func (t Type) size() int {
	switch t {
	case TypeChar, TypeInt8, TypeBin:
		return 1
	case TypeInt16:
		return 2
	case TypeInt32:
		return 4
	case TypeInt64:
		return 8
	}
	return 0
}

// text reports whether the type is one of the string types.
func (t Type) text() bool {
	return t == TypeString || t == TypeStringArray || t == TypeI18N
}

// Region tags: the first entry of a header spans what was there when it was made.
const (
	RegionImage      Tag = 61 // of a version 3 header adopted by a database
	RegionSignatures Tag = 62
	RegionImmutable  Tag = 63
)

// Tags of the main header and, below 1000, of signatures and digests that rpm
// moves into the header when it installs a package.
const (
	TagI18NTable       Tag = 100
	TagSigSize         Tag = 257
	TagSigPGP          Tag = 259
	TagSigMD5          Tag = 261
	TagSigGPG          Tag = 262
	TagPubkeys         Tag = 266
	TagDSAHeader       Tag = 267
	TagRSAHeader       Tag = 268
	TagSHA1Header      Tag = 269
	TagLongSigSize     Tag = 270
	TagLongArchiveSize Tag = 271
	TagSHA256Header    Tag = 273
	TagVeritySigs      Tag = 276
	TagVeritySigAlgo   Tag = 277
	TagOpenPGP         Tag = 278
	TagSHA3256Header   Tag = 279
	TagReserved        Tag = 999

	TagName              Tag = 1000
	TagVersion           Tag = 1001
	TagRelease           Tag = 1002
	TagEpoch             Tag = 1003
	TagSummary           Tag = 1004
	TagDescription       Tag = 1005
	TagBuildTime         Tag = 1006
	TagBuildHost         Tag = 1007
	TagInstallTime       Tag = 1008
	TagSize              Tag = 1009
	TagDistribution      Tag = 1010
	TagVendor            Tag = 1011
	TagLicense           Tag = 1014
	TagPackager          Tag = 1015
	TagGroup             Tag = 1016
	TagURL               Tag = 1020
	TagOS                Tag = 1021
	TagArch              Tag = 1022
	TagPreIn             Tag = 1023
	TagPostIn            Tag = 1024
	TagPreUn             Tag = 1025
	TagPostUn            Tag = 1026
	TagOldFileNames      Tag = 1027
	TagFileSizes         Tag = 1028
	TagFileStates        Tag = 1029
	TagFileModes         Tag = 1030
	TagFileRdevs         Tag = 1033
	TagFileMtimes        Tag = 1034
	TagFileDigests       Tag = 1035
	TagFileLinkTos       Tag = 1036
	TagFileFlags         Tag = 1037
	TagFileUserName      Tag = 1039
	TagFileGroupName     Tag = 1040
	TagSourceRPM         Tag = 1044
	TagFileVerifyFlags   Tag = 1045
	TagArchiveSize       Tag = 1046
	TagProvideName       Tag = 1047
	TagRequireFlags      Tag = 1048
	TagRequireName       Tag = 1049
	TagRequireVersion    Tag = 1050
	TagConflictFlags     Tag = 1053
	TagConflictName      Tag = 1054
	TagConflictVersion   Tag = 1055
	TagTriggerScripts    Tag = 1065
	TagTriggerName       Tag = 1066
	TagTriggerVersion    Tag = 1067
	TagTriggerFlags      Tag = 1068
	TagTriggerIndex      Tag = 1069
	TagVerifyScript      Tag = 1079
	TagChangelogTime     Tag = 1080
	TagChangelogName     Tag = 1081
	TagChangelogText     Tag = 1082
	TagPreInProg         Tag = 1085
	TagPostInProg        Tag = 1086
	TagPreUnProg         Tag = 1087
	TagPostUnProg        Tag = 1088
	TagObsoleteName      Tag = 1090
	TagVerifyScriptProg  Tag = 1091
	TagTriggerScriptProg Tag = 1092
	TagFileDevices       Tag = 1095
	TagFileInodes        Tag = 1096
	TagFileLangs         Tag = 1097
	TagPrefixes          Tag = 1098
	TagInstPrefixes      Tag = 1099
	TagSourcePackage     Tag = 1106
	TagProvideFlags      Tag = 1112
	TagProvideVersion    Tag = 1113
	TagObsoleteFlags     Tag = 1114
	TagObsoleteVersion   Tag = 1115
	TagDirIndexes        Tag = 1116
	TagBasenames         Tag = 1117
	TagDirNames          Tag = 1118
	TagPayloadFormat     Tag = 1124
	TagPayloadCompressor Tag = 1125
	TagPayloadFlags      Tag = 1126
	TagInstallColor      Tag = 1127
	TagInstallTID        Tag = 1128
	TagFileColors        Tag = 1140
	TagFileClass         Tag = 1141
	TagClassDict         Tag = 1142
	TagPreTrans          Tag = 1151
	TagPostTrans         Tag = 1152
	TagPreTransProg      Tag = 1153
	TagPostTransProg     Tag = 1154
)

// Tags from 5000 on.
const (
	TagLongFileSizes        Tag = 5008
	TagLongSize             Tag = 5009
	TagFileCaps             Tag = 5010
	TagFileDigestAlgo       Tag = 5011
	TagPreInFlags           Tag = 5020
	TagPostInFlags          Tag = 5021
	TagPreUnFlags           Tag = 5022
	TagPostUnFlags          Tag = 5023
	TagPreTransFlags        Tag = 5024
	TagPostTransFlags       Tag = 5025
	TagVerifyScriptFlags    Tag = 5026
	TagTriggerScriptFlags   Tag = 5027
	TagOrderName            Tag = 5035
	TagOrderVersion         Tag = 5036
	TagOrderFlags           Tag = 5037
	TagRecommendName        Tag = 5046
	TagRecommendVersion     Tag = 5047
	TagRecommendFlags       Tag = 5048
	TagSuggestName          Tag = 5049
	TagSuggestVersion       Tag = 5050
	TagSuggestFlags         Tag = 5051
	TagSupplementName       Tag = 5052
	TagSupplementVersion    Tag = 5053
	TagSupplementFlags      Tag = 5054
	TagEnhanceName          Tag = 5055
	TagEnhanceVersion       Tag = 5056
	TagEnhanceFlags         Tag = 5057
	TagFileTrigScripts      Tag = 5066
	TagFileTrigProg         Tag = 5067
	TagFileTrigScriptFlags  Tag = 5068
	TagFileTrigName         Tag = 5069
	TagFileTrigIndex        Tag = 5070
	TagFileTrigVersion      Tag = 5071
	TagFileTrigFlags        Tag = 5072
	TagTransTrigScripts     Tag = 5076
	TagTransTrigProg        Tag = 5077
	TagTransTrigScriptFlags Tag = 5078
	TagTransTrigName        Tag = 5079
	TagTransTrigIndex       Tag = 5080
	TagTransTrigVersion     Tag = 5081
	TagTransTrigFlags       Tag = 5082
	TagFileTrigPriorities   Tag = 5084
	TagTransTrigPriorities  Tag = 5085
	TagFileSignatures       Tag = 5090
	TagFileSignatureLength  Tag = 5091
	TagPayloadSHA256        Tag = 5092
	TagPayloadSHA256Algo    Tag = 5093
	TagModularityLabel      Tag = 5096
	TagPayloadSHA256Alt     Tag = 5097
	TagPreUntrans           Tag = 5103
	TagPostUntrans          Tag = 5104
	TagPreUntransProg       Tag = 5105
	TagPostUntransProg      Tag = 5106
	TagPreUntransFlags      Tag = 5107
	TagPostUntransFlags     Tag = 5108
	TagPayloadSize          Tag = 5112
	TagPayloadSizeAlt       Tag = 5113
	TagRPMFormat            Tag = 5114
	TagFileMIMEIndex        Tag = 5115
	TagMIMEDict             Tag = 5116
	TagPackageDigests       Tag = 5118
	TagPackageDigestAlgos   Tag = 5119
	TagPayloadSHA512        Tag = 5121
	TagPayloadSHA512Alt     Tag = 5122
	TagPayloadSHA3256       Tag = 5123
	TagPayloadSHA3256Alt    Tag = 5124
)

// Tags that only a signature header of version 3 or 4 has. Their numbers mean
// something else in the main header.
const (
	SigSize          Tag = 1000
	SigPGP           Tag = 1002
	SigMD5           Tag = 1004
	SigGPG           Tag = 1005
	SigPayloadSize   Tag = 1007
	SigReservedSpace Tag = 1008
	SigFileSigs      Tag = 274
	SigFileSigLength Tag = 275
)

// lookup returns the line of the tag table for t.
func (t Tag) lookup() (tagInfo, bool) {
	i, ok := slices.BinarySearchFunc(tagTable[:], t, func(a tagInfo, b Tag) int { return int(a.tag) - int(b) })
	if !ok {
		return tagInfo{}, false
	}
	return tagTable[i], true
}

// String returns rpm's name of the tag of a main header ("Name", "Requirename"),
// or its number in decimal.
func (t Tag) String() string {
	switch t {
	case RegionImage:
		return "Headerimage"
	case RegionSignatures:
		return "Headersignatures"
	case RegionImmutable:
		return "Headerimmutable"
	}
	if info, ok := t.lookup(); ok {
		return info.name
	}
	return fmt.Sprintf("%d", uint32(t))
}

// tagAliases are names rpm 6 has given to older tags.
var tagAliases = [...]tagInfo{
	{tag: TagPayloadSHA256, name: "Payloadsha256"},
	{tag: TagPayloadSHA256Algo, name: "Payloadsha256algo"},
	{tag: TagPayloadSHA256Alt, name: "Payloadsha256alt"},
}

// TagByName finds a tag by the name rpm prints for it, in any case.
func TagByName(name string) (Tag, bool) {
	for _, a := range tagAliases {
		if strings.EqualFold(a.name, name) {
			return a.tag, true
		}
	}
	for i := range tagTable {
		if strings.EqualFold(tagTable[i].name, name) {
			return tagTable[i].tag, true
		}
	}
	return 0, false
}

// Array reports whether rpm's tag table has t as an array.
func (t Tag) Array() bool {
	info, ok := t.lookup()
	return ok && info.array
}

// typeAllowed reports whether rpm accepts data of type typ under the tag: the
// table's type, any string type for a string, anything for an unknown tag.
func (t Tag) typeAllowed(typ Type) bool {
	info, ok := t.lookup()
	return !ok || info.typ == typ || info.typ.text() && typ.text()
}
