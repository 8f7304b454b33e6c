package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// spent is the time of a run and that of the scriptlets in it.
type spent struct {
	name              string
	whole, scriptlets time.Duration
	after             time.Duration // of moving files into the store, which builds do beside packing the image
}

func (s spent) rest() time.Duration { return s.whole - s.scriptlets }

// series is what every side took, in the order in which they were first run.
type series struct {
	names []string
	runs  map[string][]spent
}

func (s *series) add(run spent) {
	if s.runs == nil {
		s.runs = map[string][]spent{}
	}
	if s.runs[run.name] == nil {
		s.names = append(s.names, run.name)
	}
	s.runs[run.name] = append(s.runs[run.name], run)
}

// median is the middle of what f tells of a side's runs.
func (s *series) median(name string, f func(spent) time.Duration) float64 {
	var all []float64
	for _, run := range s.runs[name] {
		all = append(all, f(run).Seconds())
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

func whole(run spent) time.Duration { return run.whole }

func withAfter(run spent) time.Duration { return run.whole + run.after }

// compare prints how many times longer the peers took than fimg.
func (s *series) compare() {
	for _, peer := range s.names {
		if strings.HasPrefix(peer, "fimg") {
			continue
		}
		told := s.median(peer, spent.rest) < s.median(peer, whole)
		for _, own := range s.names {
			if !strings.HasPrefix(own, "fimg") {
				continue
			}
			fmt.Printf("%s %.2f s / %s %.2f s: %.2f", peer, s.median(peer, whole), own, s.median(own, whole),
				s.median(peer, whole)/s.median(own, whole))
			if told || s.median(own, spent.rest) == s.median(own, whole) {
				fmt.Printf(", without scriptlets %.2f", s.median(peer, spent.rest)/s.median(own, spent.rest))
			}
			if more := s.median(own, withAfter); more > 1.01*s.median(own, whole) {
				fmt.Printf("; with the move into the store %.2f s: %.2f", more, s.median(peer, whole)/more)
			}
			fmt.Println()
		}
	}
}
