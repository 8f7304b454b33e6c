package dnfstate

import "strings"

// schema tells the two history databases apart. They have the same tables but
// for names that dnf5 keeps once and enumerations it spells out.
type schema struct {
	tables  string
	dnf5    bool
	actions map[Action]int
}

// actionNumbers of dnf4 (libdnf/transaction/Types.hpp) and dnf5.
var (
	dnf4Actions = map[Action]int{Install: 1, Downgrade: 2, Upgrade: 6, Remove: 8, Reinstall: 9, Obsoleted: 5, Replaced: 7, Downgraded: 3, Reinstalled: 10}
	dnf5Actions = map[Action]int{Install: 1, Upgrade: 2, Downgrade: 3, Reinstall: 4, Remove: 5, Replaced: 6, Obsoleted: 6, Downgraded: 6, Reinstalled: 6, ReasonChange: 7}
)

// groupTables are common to both; %NAME is how a package name is stored.
const groupTables = `
CREATE TABLE comps_group (item_id INTEGER UNIQUE NOT NULL, groupid TEXT NOT NULL, name TEXT NOT NULL,
 translated_name TEXT NOT NULL, pkg_types INTEGER NOT NULL, FOREIGN KEY(item_id) REFERENCES item(id));
CREATE TABLE comps_group_package (id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, %NAME NOT NULL,
 installed INTEGER NOT NULL, pkg_type INTEGER NOT NULL, FOREIGN KEY(group_id) REFERENCES comps_group(item_id),
 CONSTRAINT comps_group_package_unique_name UNIQUE (group_id, %KEY));
CREATE TABLE comps_environment (item_id INTEGER UNIQUE NOT NULL, environmentid TEXT NOT NULL, name TEXT NOT NULL,
 translated_name TEXT NOT NULL, pkg_types INTEGER NOT NULL, FOREIGN KEY(item_id) REFERENCES item(id));
CREATE TABLE comps_environment_group (id INTEGER PRIMARY KEY AUTOINCREMENT, environment_id INTEGER NOT NULL,
 groupid TEXT NOT NULL, installed INTEGER NOT NULL, group_type INTEGER NOT NULL,
 FOREIGN KEY(environment_id) REFERENCES comps_environment(item_id),
 CONSTRAINT comps_environment_group_unique_groupid UNIQUE (environment_id, groupid));
CREATE TABLE item_replaced_by (trans_item_id INTEGER REFERENCES trans_item(id),
 by_trans_item_id INTEGER REFERENCES trans_item(id), PRIMARY KEY (trans_item_id, by_trans_item_id));
CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE INDEX trans_item_trans_id ON trans_item(trans_id);
CREATE INDEX trans_item_item_id ON trans_item(item_id);
`

var dnf4Schema = schema{actions: dnf4Actions, tables: `
CREATE TABLE trans (id INTEGER PRIMARY KEY AUTOINCREMENT, dt_begin INTEGER NOT NULL, dt_end INTEGER,
 rpmdb_version_begin TEXT, rpmdb_version_end TEXT, releasever TEXT NOT NULL, user_id INTEGER NOT NULL,
 cmdline TEXT, state INTEGER NOT NULL, comment TEXT DEFAULT '');
CREATE TABLE repo (id INTEGER PRIMARY KEY, repoid TEXT NOT NULL);
CREATE TABLE console_output (id INTEGER PRIMARY KEY, trans_id INTEGER REFERENCES trans(id),
 file_descriptor INTEGER NOT NULL, line TEXT NOT NULL);
CREATE TABLE item (id INTEGER PRIMARY KEY, item_type INTEGER NOT NULL);
CREATE TABLE trans_item (id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER REFERENCES trans(id),
 item_id INTEGER REFERENCES item(id), repo_id INTEGER REFERENCES repo(id), action INTEGER NOT NULL,
 reason INTEGER NOT NULL, state INTEGER NOT NULL);
CREATE TABLE trans_with (id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER REFERENCES trans(id),
 item_id INTEGER REFERENCES item(id), CONSTRAINT trans_with_unique_trans_item UNIQUE (trans_id, item_id));
CREATE TABLE rpm (item_id INTEGER UNIQUE NOT NULL, name TEXT NOT NULL, epoch INTEGER NOT NULL, version TEXT NOT NULL,
 release TEXT NOT NULL, arch TEXT NOT NULL, FOREIGN KEY(item_id) REFERENCES item(id),
 CONSTRAINT rpm_unique_nevra UNIQUE (name, epoch, version, release, arch));
CREATE INDEX rpm_name ON rpm(name);
` + strings.NewReplacer("%NAME", "name TEXT", "%KEY", "name").Replace(groupTables) + `
INSERT INTO config VALUES ('version', '1.2');
`}

var dnf5Schema = schema{dnf5: true, actions: dnf5Actions, tables: `
CREATE TABLE trans_state (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO trans_state VALUES (1, 'Started'), (2, 'Ok'), (3, 'Error');
CREATE TABLE trans (id INTEGER PRIMARY KEY AUTOINCREMENT, dt_begin INTEGER NOT NULL, dt_end INTEGER,
 rpmdb_version_begin TEXT, rpmdb_version_end TEXT, releasever TEXT NOT NULL, user_id INTEGER NOT NULL,
 description TEXT, comment TEXT, state_id INTEGER REFERENCES trans_state(id));
CREATE TABLE repo (id INTEGER PRIMARY KEY, repoid TEXT NOT NULL);
CREATE TABLE pkg_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE arch (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE item (id INTEGER PRIMARY KEY);
CREATE TABLE trans_item_action (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO trans_item_action VALUES (1, 'Install'), (2, 'Upgrade'), (3, 'Downgrade'), (4, 'Reinstall'),
 (5, 'Remove'), (6, 'Replaced'), (7, 'Reason Change');
CREATE TABLE trans_item_reason (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO trans_item_reason VALUES (0, 'None'), (1, 'Dependency'), (2, 'User'), (3, 'Clean'),
 (4, 'Weak Dependency'), (5, 'Group'), (6, 'External User');
CREATE TABLE trans_item_state (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO trans_item_state VALUES (1, 'Started'), (2, 'Ok'), (3, 'Error');
CREATE TABLE trans_item (id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER REFERENCES trans(id),
 item_id INTEGER REFERENCES item(id), repo_id INTEGER REFERENCES repo(id),
 action_id INTEGER NOT NULL REFERENCES trans_item_action(id), reason_id INTEGER NOT NULL REFERENCES trans_item_reason(id),
 state_id INTEGER NOT NULL REFERENCES trans_item_state(id));
CREATE TABLE rpm (item_id INTEGER NOT NULL UNIQUE REFERENCES item(id), name_id INTEGER NOT NULL REFERENCES pkg_name(id),
 epoch INTEGER NOT NULL, version TEXT NOT NULL, release TEXT NOT NULL, arch_id INTEGER NOT NULL REFERENCES arch(id),
 CONSTRAINT rpm_unique_nevra UNIQUE (name_id, epoch, version, release, arch_id));
CREATE INDEX pkg_name_name ON pkg_name(name);
` + strings.NewReplacer("%NAME", "name_id INTEGER", "%KEY", "name_id").Replace(groupTables) + `
INSERT INTO config VALUES ('version', '1.1');
`}
