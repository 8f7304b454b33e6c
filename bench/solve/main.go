// Command solve runs recorded jobs through the resolver and says how far its
// answers agree with dnf's, and how long each took.
//
//	go run ./bench/solve [-v] [-id REGEXP] JOBS.json.gz REPODIR…
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/fimg/fimg/bench/solve/golden"
)

func main() {
	verbose := flag.Bool("v", false, "print every job")
	id := flag.String("id", "", "run only jobs whose id matches")
	flag.Parse()
	if flag.NArg() < 2 {
		fmt.Fprintln(os.Stderr, "usage: solve [-v] [-id REGEXP] JOBS.json.gz REPODIR...")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Args()[1:], *id, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(jobs string, dirs []string, id string, verbose bool) error {
	file, err := golden.Read(jobs)
	if err != nil {
		return err
	}
	only, err := regexp.Compile(id)
	if err != nil {
		return err
	}
	cache, err := os.MkdirTemp("", "fimg-bench-solve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	ctx := context.Background()
	start := time.Now()
	w, err := golden.Load(ctx, file.Meta.Arch, cache, dirs)
	if err != nil {
		return err
	}
	fmt.Printf("loaded %d repositories in %v\n", len(dirs), time.Since(start).Round(time.Millisecond))
	report(ctx, w, file, only, verbose)
	return nil
}

// report runs the jobs and prints mismatches and sums.
func report(ctx context.Context, w *golden.World, file *golden.File, only *regexp.Regexp, verbose bool) {
	var times []time.Duration
	agree := 0
	for i := range file.Jobs {
		j := &file.Jobs[i]
		for _, v := range golden.Variants {
			if _, ok := j.Results[v]; !ok || !only.MatchString(j.ID) {
				continue
			}
			start := time.Now()
			got := w.Run(ctx, j, v)
			took := time.Since(start)
			times = append(times, took)
			err := golden.Compare(j.Want(v), got)
			if err == nil {
				agree++
			}
			if err != nil || verbose {
				fmt.Printf("%-16s %-14s %7.1f ms  %d packages  %v\n", j.ID, v, float64(took.Microseconds())/1000, len(got.Install), err)
			}
		}
	}
	fmt.Printf("%d of %d answers agree\n", agree, len(times))
	printTimes(times)
}

// printTimes sums up how long each answer took.
func printTimes(times []time.Duration) {
	if len(times) == 0 {
		return
	}
	slices.Sort(times)
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	n := len(times)
	fmt.Printf("time of a job: mean %v, median %v, nine in ten below %v, at most %v; %v in all\n",
		(sum / time.Duration(n)).Round(time.Microsecond), times[n/2].Round(time.Microsecond),
		times[n*9/10].Round(time.Microsecond), times[n-1].Round(time.Microsecond), sum.Round(time.Millisecond))
}
