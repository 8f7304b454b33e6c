package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/event"
)

// printer shows events: as JSON lines, as one live line on a terminal, or as
// plain lines otherwise.
type printer struct {
	mu      sync.Mutex
	app     *app
	live    bool
	shown   bool // a live line is on the screen
	phase   string
	begin   time.Time
	painted time.Time
	thrift  thrift
}

func (a *app) newPrinter() *printer {
	f := standardFile(a.err)
	return &printer{app: a, live: f != nil && term.IsTerminal(int(f.Fd())) && !a.quiet && !a.json}
}

// event receives everything the library tells.
func (p *printer) event(e event.Event) {
	p.thrift.event(e)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.app.json:
		json.NewEncoder(p.app.out).Encode(e)
	case e.Kind == event.Warning:
		p.clear()
		fmt.Fprintf(p.app.err, "fimg: warning: %s: %s\n", e.Subject, e.Text)
	case p.app.quiet:
	case e.Kind == event.Phase:
		p.phaseLine(e)
	case e.Kind == event.Progress && p.live:
		p.progress(e)
	case e.Kind == event.Output && p.app.verbose > 0:
		p.clear()
		fmt.Fprintf(p.app.err, "%s| %s\n", e.Subject, e.Text)
	}
}

// notes warns of what a person should know of a plan before it is built.
func (p *printer) notes(plan *assembler.Plan) {
	for _, n := range plan.Notes {
		event.Func(p.event).Warn("plan", plan.Image.Name, n)
	}
}

func (p *printer) phaseLine(e event.Event) {
	if !e.End {
		p.phase, p.begin = e.Phase, time.Now()
		if p.live {
			p.paint(e.Phase + " …")
		}
		return
	}
	if p.phase != e.Phase {
		return
	}
	p.clear()
	fmt.Fprintf(p.app.err, "%-11s %6.1f s\n", e.Phase, time.Since(p.begin).Seconds())
	p.phase = "" // a phase around it that has the same name is told already
}

// progress repaints the live line at most ten times a second.
func (p *printer) progress(e event.Event) {
	if time.Since(p.painted) < 100*time.Millisecond || e.Total <= 0 {
		return
	}
	elapsed := time.Since(p.begin).Seconds()
	text := fmt.Sprintf("%-11s %3d%%", e.Phase, 100*e.Done/e.Total)
	if e.Unit == "bytes" && elapsed > 0.5 {
		text += fmt.Sprintf("  %s of %s  %s/s", size(e.Done), size(e.Total), size(int64(float64(e.Done)/elapsed)))
	} else {
		text += fmt.Sprintf("  %d of %d %s", e.Done, e.Total, e.Unit)
	}
	if elapsed > 1 && e.Done > 0 {
		text += fmt.Sprintf("  %.0f s left", elapsed*float64(e.Total-e.Done)/float64(e.Done))
	}
	if e.Subject != "" {
		text += "  " + e.Subject
	}
	p.paint(text)
}

func (p *printer) paint(text string) {
	fmt.Fprintf(p.app.err, "\r\x1b[K%.100s", text)
	p.shown, p.painted = true, time.Now()
}

func (p *printer) clear() {
	if p.shown {
		io.WriteString(p.app.err, "\r\x1b[K")
		p.shown = false
	}
}

func (p *printer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// printTables prints the outputs of a build and where its time went.
func (a *app) printTables(r *assembler.Result) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nOUTPUT\tFORMAT\tSIZE\tSHA256")
	for _, o := range r.Products {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Path, o.Format, size(o.Stored), o.SHA256)
	}
	fmt.Fprintln(w)
	var names, times []string
	for _, t := range r.Times {
		names = append(names, t.Phase)
		times = append(times, fmt.Sprintf("%.1f s", t.Time.Seconds()))
	}
	fmt.Fprintln(w, strings.Join(append(names, "TOTAL"), "\t"))
	fmt.Fprintln(w, strings.Join(append(times, fmt.Sprintf("%.1f s", r.Total.Seconds())), "\t"))
	if r.Root != "" {
		fmt.Fprintf(w, "\nroot tree kept in %s\n", r.Root)
	}
	return w.Flush()
}
