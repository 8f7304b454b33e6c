package rpmtest

// spec describes packages with one of everything the format has. %{compression}
// is given on the command line.
const spec = `
Name: fimgtest
Epoch: 2
Version: 1.0~rc1
Release: 3^git1
Summary: One of everything
Summary(de): Von allem eins
License: MIT
Group: Test
URL: https://example.invalid/
BuildArch: noarch
Provides: virtual(thing) = 1:2.0-1
Provides: bare
Requires: fimgtest-other
Requires: (fimgtest-rich or /usr/share/fimgtest/none)
Requires: (one with two)
Requires(pre): fimgtest-pre >= 1
Requires(post): fimgtest-post
Requires(preun): fimgtest-preun
Requires(meta): fimgtest-meta
Recommends: (fimgtest-rec if fimgtest-cond else fimgtest-alt)
Suggests: fimgtest-sug
Supplements: fimgtest-sup
Enhances: fimgtest-enh
Conflicts: fimgtest-con < 5
Obsoletes: fimgtest-old <= 0.9
OrderWithRequires: fimgtest-order

%description
A package for tests.

%description -l de
Ein Paket zum Prüfen.

%package empty
Summary: No files at all

%description empty
Nothing.

%package second
Summary: Triggers

%description second
Triggers of all kinds.

%install
mkdir -p %{buildroot}/usr/share/fimgtest/dir %{buildroot}/etc/fimgtest %{buildroot}/usr/bin %{buildroot}/var/lib/fimgtest
cd %{buildroot}/usr/share/fimgtest
echo one > a-file
: > empty
seq 1 200000 > numbers
head -c 300000 /dev/zero > zeros
ln -s a-file symlink
ln -s ../../nowhere/at/all dangling
echo linked > hard1
ln hard1 hard2
ln hard1 dir/hard3
echo pair > pair1
ln pair1 pair2
: > hardempty1
ln hardempty1 hardempty2
echo 'name with spaces and ü' > 'dir/ü x'
mkdir locale
echo hallo > locale/de
echo salut > locale/fr
echo manual > manual
echo terms > terms
echo conf > %{buildroot}/etc/fimgtest/main.conf
echo keep > %{buildroot}/etc/fimgtest/keep.conf
echo gone > %{buildroot}/etc/fimgtest/gone.conf
echo ghost > %{buildroot}/var/lib/fimgtest/ghost
printf '#!/bin/sh\ntrue\n' > %{buildroot}/usr/bin/fimgtest
cp %{buildroot}/usr/bin/fimgtest %{buildroot}/usr/bin/fimgtest-suid
find %{buildroot} -exec touch -h -d @1700000000 {} +

%pretrans -p <lua>
print("pretrans")
%pre
echo pre $1
%post -p /sbin/ldconfig
%preun -p "/bin/sh -e"
echo preun $1
%postun
echo postun %{name}
%posttrans -e
echo posttrans %%{_bindir}
%verifyscript
true

%triggerprein second -- fimgtest-x
echo triggerprein
%triggerin second -- fimgtest-x, fimgtest-y > 2
echo triggerin
%triggerun second -p <lua> -- fimgtest-x
print("triggerun")
%triggerpostun second -- fimgtest-z < 3
echo triggerpostun
%filetriggerin second -P 5000 -- /usr/share/fimgtest /usr/lib/other
cat
%filetriggerun second -p <lua> -- /usr/share/fimgtest
f = rpm.next_file()
%filetriggerpostun second -- /etc
true
%transfiletriggerin second -P 2000000 -- /usr/share
cat
%transfiletriggerun second -- /usr/bin
cat
%transfiletriggerpostun second -- /usr/lib
true

%files
%dir /usr/share/fimgtest
%dir %attr(2755,root,games) /usr/share/fimgtest/dir
/usr/share/fimgtest/a-file
/usr/share/fimgtest/empty
/usr/share/fimgtest/numbers
/usr/share/fimgtest/zeros
/usr/share/fimgtest/symlink
/usr/share/fimgtest/dangling
/usr/share/fimgtest/hard*
/usr/share/fimgtest/pair*
/usr/share/fimgtest/dir/*
%lang(de) /usr/share/fimgtest/locale/de
%lang(fr) /usr/share/fimgtest/locale/fr
%doc /usr/share/fimgtest/manual
%license /usr/share/fimgtest/terms
%config /etc/fimgtest/main.conf
%config(noreplace) %attr(0640,root,mail) /etc/fimgtest/keep.conf
%config(missingok) %verify(not md5 size mtime) /etc/fimgtest/gone.conf
%ghost /var/lib/fimgtest/ghost
%dev(c,1,3) %attr(0666,root,root) /dev/fimgnull
%caps(cap_net_bind_service,cap_net_raw=ep) /usr/bin/fimgtest
%attr(4755,root,root) /usr/bin/fimgtest-suid

%files empty

%files second
%dir /usr/share/fimgtest

%changelog
* Tue Nov 14 2023 Nobody <nobody@example.invalid> - 2:1.0~rc1-3^git1
- First
`
