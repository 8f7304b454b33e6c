package assembler

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/fault"
)

// TestClassify has a database run full, as one in a full file system does.
func TestClassify(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(context.Background(), "PRAGMA max_page_count=2; CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(1000000))")
	for _, full := range []error{err, fmt.Errorf("write: %w", unix.ENOSPC), fmt.Errorf("write: %w", unix.EDQUOT)} {
		if got := classify(fmt.Errorf("write records: %w", full)); fault.Of(got) != fault.Space {
			t.Errorf("%v: class %v", full, fault.Of(got))
		}
	}
	if text := classify(err).Error(); !strings.Contains(text, "no space left") {
		t.Errorf("SQLite's error reads %q", text)
	}
	if got := classify(unix.EIO); fault.Of(got) == fault.Space {
		t.Errorf("an error of the disk is taken for a full one")
	}
}
