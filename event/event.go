// Package event is the one way out of the library besides results and errors: a
// stream of small typed values handed to a callback. Printers live in the
// command; the rooms only emit.
package event

// Kind says what an Event tells.
type Kind string

// The kinds. Their names are the "type" field of the JSON stream.
const (
	Phase    Kind = "phase"    // a phase begins (Done 0) or ends (End true)
	Progress Kind = "progress" // Done of Total in the phase
	Output   Kind = "output"   // a line written by a program of the image
	Warning  Kind = "warning"  // something the user should know; the build goes on
	Result   Kind = "result"   // a finished product
)

// Event is one thing that happened. Fields that do not apply are zero.
type Event struct {
	Kind    Kind   `json:"type"`
	Phase   string `json:"phase,omitempty"`   // short stable name: "metadata", "install", …
	Subject string `json:"subject,omitempty"` // package, script, file or partition concerned
	Text    string `json:"text,omitempty"`
	Done    int64  `json:"done,omitempty"`  // units finished so far
	Total   int64  `json:"total,omitempty"` // units in all; zero when unknown
	Unit    string `json:"unit,omitempty"`  // "bytes" or "packages"
	End     bool   `json:"end,omitempty"`   // of a phase
	Data    any    `json:"data,omitempty"`  // of a result: a documented value
}

// Func receives events. It may be called from several goroutines at once and
// must not block. A nil Func discards; call it through Emit.
type Func func(Event)

// Emit passes e on when there is somebody to receive it.
func (f Func) Emit(e Event) {
	if f != nil {
		f(e)
	}
}

// Warn emits a warning about subject.
func (f Func) Warn(phase, subject, text string) {
	f.Emit(Event{Kind: Warning, Phase: phase, Subject: subject, Text: text})
}

// Begin emits the start of a phase and returns the function that emits its end.
func (f Func) Begin(phase string) func() {
	f.Emit(Event{Kind: Phase, Phase: phase})
	return func() { f.Emit(Event{Kind: Phase, Phase: phase, End: true}) }
}
