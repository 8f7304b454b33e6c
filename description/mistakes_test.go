package description

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// mistakes opens a wrong description and returns what is reported.
func mistakes(t *testing.T, text string) []Mistake {
	t.Helper()
	_, err := openText(text)
	var bad *Invalid
	if !errors.As(err, &bad) {
		t.Fatalf("accepted, or %v:\n%s", err, text)
	}
	return bad.Mistakes
}

func TestAllMistakesAtOnce(t *testing.T) {
	text := small(`<packges type="image"/>
	<packages type="imag">
		<package nam="x"/>
		text
		<pakage name="y"/>
	</packages>
	<users/>
	<packages type="image"><package/></packages>`)
	list := mistakes(t, text)
	want := []string{
		`config.xml:5:2: /image/packges: element <packges> is not allowed in <image>; did you mean "packages"?`,
		`config.xml:6:2: /image/packages: <packages> holds the text "text" but may not hold text`,
		`config.xml:6:12: /image/packages: attribute type has the value "imag"; did you mean "image"?`,
		`config.xml:7:3: /image/packages/package: <package> lacks its attribute name`,
		`config.xml:7:12: /image/packages/package: attribute nam is not allowed in <package>; did you mean "name"?`,
		`config.xml:9:3: /image/packages/pakage: element <pakage> is not allowed in <packages>; did you mean "package"?`,
		`config.xml:11:2: /image/users: <users> lacks an element <user>`,
		`config.xml:12:25: /image/packages[2]/package: <package> lacks its attribute name`,
	}
	if len(list) != len(want) {
		t.Fatalf("%d mistakes, want %d:\n%v", len(list), len(want), &Invalid{Mistakes: list})
	}
	for i := range want {
		if got := list[i].Error(); got != want[i] {
			t.Errorf("mistake %d\n got %s\nwant %s", i, got, want[i])
		}
	}
}

func TestMistakesSayWhatIsAllowed(t *testing.T) {
	for _, c := range []struct{ rest, say string }{
		{`<repository><source path="x"/><source path="y"/></repository>`, "a second <source>"},
		{`<repository imageonly="true" imageinclude="true"><source path="x"/></repository>`, "only one of the attributes"},
		{`<repository priority="ten"><source path="x"/></repository>`, "not a whole number"},
		{`<repository type="rpm_md"><source path="x"/></repository>`, `did you mean "rpm-md"?`},
		{`<repository architectures="x86_64" type="rpm-md"><source path="x"/></repository>`, "only available when type of <repository> is apt-deb"},
		{`<packages type="image"><package name="x" arch="x86_64, s390x"/></packages>`, "no blanks"},
		{`<packages type="image"><version>1</version></packages>`, "it belongs in <preferences>"},
		{`<users><user name="x"/></users>`, "lacks its attribute password"},
		{`<users><user name="x" password="p"><group/></user></users>`, "has no child elements"},
		{`<users><user name="x" password="p" id="-1"/></users>`, "0 or more"},
		{`<preferences><locale>en_US.UTF-8</locale></preferences>`, "xx_YY"},
		{`<preferences><rpm-excludedocs> true</rpm-excludedocs></preferences>`, "no blanks around"},
		{`<preferences><rpm-excludedocs>yes</rpm-excludedocs></preferences>`, "true or false"},
		{`<preferences><type image="oem"/></preferences>`, "needs the attribute filesystem"},
		{`<preferences><type image="appx"/></preferences>`, "needs the attribute metadata_path"},
		{`<preferences><type image="oem" filesystem="ext4" format="vagrant"/></preferences>`, "<vagrantconfig>"},
		{`<preferences><type image="oem" filesystem="ext4" derived_from="x"/></preferences>`, "begins with oci:"},
		{`<preferences><type image="oem" filesystem="xfs" btrfs_root_is_subvolume="true"/></preferences>`, `needs filesystem="btrfs"`},
		{`<preferences><type image="oem" filesystem="btrfs" btrfs_quota_groups="true"><systemdisk preferlvm="true"/></type></preferences>`, "preferlvm"},
		{`<preferences><type image="oem" filesystem="ext4"><systemdisk><volume name="x" quota="1G"/></systemdisk></type></preferences>`, "quota"},
		{`<preferences><type image="oem" filesystem="ext4"><partitions><partition name="oo" size="1"/></partitions></type></preferences>`, "reserved"},
		{`<preferences><type image="oci" kernelcmdline="x"/></preferences>`, "only available for the image types oem, iso"},
		{`<preferences><type image="oci"><bootloader name="grub2"/></type></preferences>`, "only available when image of <type>"},
		{`<preferences><type image="oem" filesystem="ext4" format="qcow2"><containerconfig name="x"/></type></preferences>`, "beside a disk format"},
		{`<preferences><type image="oem" filesystem="ext4"><bootloader name="grub2"><securelinux hkd_ca_cert="" hkd_sign_cert=""><hkd_cert name=""/></securelinux></bootloader></type></preferences>`, "zipl"},
		{`<preferences><type image="oci"><containerconfig name="x"><entrypoint/></containerconfig></type></preferences>`, "needs one of the attributes execute, clear"},
		{`<preferences><type image="oem" filesystem="ext4" disk_start_sector="63"/></preferences>`, "2048 or more"},
		{`<preferences><type image="oem" filesystem="ext4" bootpartsize="99999999999999999999"/></preferences>`, "63 bits"},
		{`<preferences><type image="oem" filesystem="ext4" embed_verity_metadata="true" embed_integrity_metadata="true"/></preferences>`, "needs verity_blocks"},
		{`<preferences><type image="oem" filesystem="ext4" format="ocy:qcow2"/></preferences>`, "not oci: or docker:"},
		{`<packages type="image"><collectionModule name="m" enable="true"/></packages>`, `only available in <packages type="bootstrap">`},
		{`<packages type="bootstrap"><collectionModule name="m" enable="false" stream="1"/></packages>`, "disabled as a whole"},
		{`<packages type="bootstrap" bootstrap_package="b"/>`, "package manager apt"},
		{`<preferences><type image="oem" filesystem="ext4"><luksformat><option name="a"/></luksformat></type></preferences>`, "needs the attribute luks"},
		{`<preferences><type image="oem" filesystem="ext4" installiso="1"><installmedia/></type></preferences>`, `installiso="true"`},
		{`<preferences><type image="oem" filesystem="ext4"><size unpartitioned="6">5</size></type></preferences>`, "more than the size"},
		{`<foo xmlns="urn:x"/>`, "not allowed in <image>"},
		{`<extension/>`, "nothing else"}, {`<extension><a/></extension>`, "no namespace"},
		{`<include/>`, "lacks its attribute from"},
	} {
		list := mistakes(t, small(c.rest))
		if text := (&Invalid{Mistakes: list}).Error(); !strings.Contains(text, c.say) {
			t.Errorf("%s\nsays %s\nnot  %s", c.rest, text, c.say)
		}
	}
	for text, say := range map[string]string{
		"<imag/>": `did you mean "image"?`, `<x:image xmlns:x="y"/>`: "not <image>",
		strings.Replace(small(""), `name="Small"`, `name="a b"`, 1): "letters, digits",
		strings.Replace(small(""), "8.5", "7.0", 1):                 "7.4 to 8.5",
	} {
		if list := mistakes(t, text); !strings.Contains(list[0].Error(), say) {
			t.Errorf("%s says %v", text, list[0])
		}
	}
}

// TestWiderRules: rules that look further than at one element and its parent.
func TestWiderRules(t *testing.T) {
	for _, rest := range []string{
		`<packages type="bootstrap"><collectionModule name="m" enable="true" stream="1"/><collectionModule name="n" enable="false"/></packages>`,
		`<packages type="bootstrap" bootstrap_package="b"/><preferences><packagemanager>apt</packagemanager></preferences>`,
		`<preferences><type image="oem" filesystem="ext4" luks=""><luksformat><option name="a"/></luksformat></type></preferences>`,
		`<preferences><type image="oem" filesystem="ext4" installpxe="true"><installmedia/></type></preferences>`,
		`<preferences><type image="oem" filesystem="ext4"><size unpartitioned=" 5">5</size></type></preferences>`,
	} {
		if _, err := openText(small(rest)); err != nil {
			t.Errorf("%s: %v", rest, err)
		}
	}
}

func TestValueMistakesAreOfTheirOwnCause(t *testing.T) {
	_, err := openText(small(`<preferences><rpm-excludedocs> true</rpm-excludedocs></preferences>`))
	var bad *Invalid
	if !errors.As(err, &bad) || bad.Cause != Value {
		t.Errorf("%v", err)
	}
	_, err = openText(small(`<preferences><rpm-excludedocs> true</rpm-excludedocs><x/></preferences>`))
	if !errors.As(err, &bad) || bad.Cause != Schema {
		t.Errorf("%v", err)
	}
}

func TestSyntaxMistakes(t *testing.T) {
	entity := `<!DOCTYPE image [<!ENTITY e "` + strings.Repeat("x", 5000) + `">]>`
	for _, c := range []struct{ text, place, say string }{
		{"<image>\n  <a></b></image>", "config.xml:2:10", "element <a> closed by </b>"},
		{"<image a='1' a='2'/>", "config.xml:1:14", "written twice"},
		{"<image/><image/>", "config.xml:1:9", "second top element"},
		{"<image" + strings.Repeat(" a=''", 2) + "/>", "config.xml:1:13", "written twice"},
		{"<image" + manyAttrs() + "/>", "config.xml:1:1", "more than 500 attributes"},
		{"\n<?xml version='1.0'?><image/>", "config.xml:2:1", "not at the beginning"},
		{"<image/>x", "config.xml:1:9", "text outside"},
		{"", "config.xml:1:1", "no element"},
		{"<x:image/>", "config.xml:1:1", "not declared"},
		{"<image>&nope;</image>", "config.xml:1:", "entity"},
		{entity + "<image/>", "config.xml:1:1", "too long"},
		{`<!DOCTYPE image [<!ENTITY a "&b;">]><image/>`, "config.xml:1:1", "entity a holds"},
		{`<!DOCTYPE image [<!ENTITY a "&b;"><!ENTITY b "&a;">]><image/>`, "config.xml:1:1", "refers to itself"},
		{`<!DOCTYPE image [<!ENTITY a "<b/>">]><image/>`, "config.xml:1:1", "holds markup"},
		{bomb() + "<image/>", "config.xml:1:1", "too long"},
		{`<!DOCTYPE image [<!ENTITY a SYSTEM "/etc/passwd">]><image/>`, "config.xml:1:1", "external"},
		{`<?xml version="1.0" encoding="koi8-r"?><image/>`, "config.xml:1:1", "encoding"},
		{`<?xml encoding="utf-8" version="1.0"?><image/>`, "config.xml:1:1", "XML declaration"},
		{`<?xml version="1.0" standalone="maybe"?><image/>`, "config.xml:1:1", "XML declaration"},
		{`<?xml version="1.0" encoding="us-ascii"?><imäge/>`, "config.xml:1:1", "not ASCII"},
		{`<!DOCTYPE image [<!ENTITY a "&#60;b/>">]><image/>`, "config.xml:1:1", "holds markup"},
		{"<image a='ä'\n  b='1'c='2'/>", "config.xml:2:8", "no blank"},
		{"<image\n x:a='1'/>", "config.xml:1:1", `prefix "x" is not declared`},
		{"<image xmlns:x=''/>", "config.xml:1:8", "without a namespace"},
		{"<:image/>", "config.xml:1:", "name"},
		{strings.Repeat("<image>", 300), "config.xml:1:", "deeper than 256"},
		{"<image a='" + strings.Repeat("x", maxValue+1) + "'/>", "config.xml:1:8", "longer than"},
		{"<image>" + strings.Repeat("x", maxValue+1) + "</image>", "config.xml:1:8", "longer than"},
		{"<image>" + strings.Repeat(" ", maxFile) + "</image>", "config.xml:1:1", "larger than"},
	} {
		_, err := openText(c.text)
		var bad *Invalid
		if !errors.As(err, &bad) || bad.Cause != Syntax {
			t.Errorf("%.60s: %v", c.text, err)
			continue
		}
		if got := err.Error(); !strings.HasPrefix(got, c.place) || !strings.Contains(got, c.say) {
			t.Errorf("%.60s: %s, want %s … %s", c.text, got, c.place, c.say)
		}
	}
}

// bomb is the billion laughs.
func bomb() string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE image [<!ENTITY a0 "ha">`)
	for i := range 9 {
		fmt.Fprintf(&b, `<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
	}
	return b.String() + "]>"
}

func manyAttrs() string {
	var b strings.Builder
	for i := range maxAttrs + 1 {
		fmt.Fprintf(&b, " a%d=''", i)
	}
	return b.String()
}

func TestEncodings(t *testing.T) {
	text := strings.Replace(small(""), "<author>a", "<author>é", 1)
	utf16 := []byte{0xff, 0xfe}
	big := []byte{0xfe, 0xff}
	for _, r := range strings.Replace(text, "utf-8", "utf-16", 1) {
		utf16 = append(utf16, byte(r), byte(r>>8))
		big = append(big, byte(r>>8), byte(r))
	}
	latin := strings.ReplaceAll(strings.Replace(text, "utf-8", "ISO-8859-1", 1), "é", "\xe9")
	for name, data := range map[string]string{"utf-8": text, "version 1.1": strings.Replace(text, `version="1.0"`, `version="1.1"`, 1), "mark": "\xef\xbb\xbf" + text, "utf-16": string(utf16), "big": string(big), "latin": latin, "windows": strings.Replace(latin, "ISO-8859-1", "windows-1252", 1), "latin 9": strings.Replace(latin, "ISO-8859-1", "ISO-8859-15", 1)} {
		img := mustSelect(t, mustOpen(t, data), Options{})
		if img.About.Author != "é" {
			t.Errorf("%s: %q", name, img.About.Author)
		}
	}
}

func TestTextRules(t *testing.T) {
	text := `<!DOCTYPE image [<!ENTITY who "t&mid;x"><!ENTITY mid "&#117;"><!ENTITY and "A &amp; B"><!ENTITY who "later">]>` + strings.TrimPrefix(small(`<users><user name="&who;" password="a
	b&#10;&#x41;&lt;&gt;&amp;&quot;&apos;"/></users><preferences><timezone> U<!-- c -->TC </timezone><keytable>  </keytable><bootloader-theme>&and;</bootloader-theme></preferences>`), `<?xml version="1.0" encoding="utf-8"?>`)
	img := mustSelect(t, mustOpen(t, text), Options{})
	if u := img.Users[0]; u.Name != "tux" || u.Password != "a  b\nA<>&\"'" {
		t.Errorf("%+v", u)
	}
	if p := img.Preferences; p.Timezone != " UTC " || p.Keytable != "" || p.BootloaderTheme != "A & B" {
		t.Errorf("%q %q", p.Timezone, p.Keytable)
	}
}

func TestManyMistakesAreCut(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "<x%d/>", i)
	}
	if list := mistakes(t, small(b.String())); len(list) != maxMistake {
		t.Errorf("%d mistakes", len(list))
	}
}

func TestLimits(t *testing.T) {
	if _, err := openText(small(strings.Repeat(`<include from="a.xml"/>`, maxFiles+1)), "a.xml", "<image/>"); err == nil {
		t.Error("too many includes were followed")
	}
	big := "<image><!--" + strings.Repeat("x", 3<<20) + "--></image>"
	if _, err := openText(small(strings.Repeat(`<include from="a.xml"/>`, 12)), "a.xml", big); err == nil {
		t.Error("more bytes than allowed were read")
	}
	var chain strings.Builder
	for i := range maxProfile + 1 {
		fmt.Fprintf(&chain, `<profile name="p%d" description=""><requires profile="p%d"/></profile>`, i, i+1)
	}
	if _, err := openText(small("<profiles>" + chain.String() + "</profiles>")); err == nil {
		t.Error("too many profiles were accepted")
	}
	if got := nearest(strings.Repeat("x", 200), []string{"x"}); got != "" {
		t.Errorf("%q is near", got)
	}
	many := Mistake{Text: "t", Allowed: strings.Split(strings.Repeat("a,", 30), ",")}
	if !strings.Contains(many.Error(), "and 7 more") {
		t.Error(many)
	}
}
