// Time that Porcupine takes for these histories: a driver around the checker, which is used as a library, unpatched.
//
// It reads one request a line on standard input and answers each with one line, both JSON:
//
//	{"load": "a", "path": "a.json"}       → {"loaded": "a", "operations": 1000}         see history.go for the file
//	{"check": "a", "timeout": 20, "times": 1}
//	                                      → {"checked": "a", "seconds": 0.0017, "verdict": "valid"}
//	{"drop": "a"}                         → {"dropped": "a"}
//
// A verdict is valid, invalid, or unknown after the timeout (in seconds, 0 for none). What is timed is CheckEvents alone,
// on a history that was parsed before, after a collection of garbage, in a process that is warm; `times` in a row, of
// which the mean is told. The first line of output says which version this is.
//
// With -once FILE one history is checked, and the peak of the process's memory is told with the answer.
//
// Pitfall: a check that was cancelled may still be running for a moment; the collection that comes before the next
// check waits for none of it. So a history that ran out of time is dropped, not repeated.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
)

type request struct {
	Load    string  `json:"load"`
	Path    string  `json:"path"`
	Check   string  `json:"check"`
	Timeout float64 `json:"timeout"`
	Times   int     `json:"times"`
	Drop    string  `json:"drop"`
}

var words = map[porcupine.CheckResult]string{
	porcupine.Ok: "valid", porcupine.Illegal: "invalid", porcupine.Unknown: "unknown",
}

func main() {
	once := flag.String("once", "", "check this file once and tell the peak of memory")
	timeout := flag.Float64("timeout", 0, "with -once: seconds, 0 for no limit")
	memory := flag.Uint64("memory", 0, "bytes that this process may have before it dies, 0 for no limit")
	flag.Parse()
	if *memory > 0 {
		limit(*memory)
	}
	if *once != "" {
		checkOnce(*once, *timeout)
		return
	}
	answer(map[string]any{"peer": "porcupine", "version": version(), "go": runtime.Version()})
	loaded := map[string]*history{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			answer(map[string]any{"error": err.Error()})
			continue
		}
		answer(serve(loaded, asked))
	}
}

// A limit of address space is the only one there is; the runtime reserves about 1 GiB that it never uses.
func limit(bytes uint64) {
	space := bytes + 1<<30
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: space, Max: space}); err != nil {
		panic(err)
	}
}

func serve(loaded map[string]*history, asked request) map[string]any {
	switch {
	case asked.Load != "":
		read, err := load(asked.Path)
		if err != nil {
			return map[string]any{"error": err.Error()}
		}
		loaded[asked.Load] = read
		return map[string]any{"loaded": asked.Load, "operations": len(read.events) / 2}
	case asked.Check != "":
		known := loaded[asked.Check]
		if known == nil {
			return map[string]any{"error": "not loaded: " + asked.Check}
		}
		seconds, verdict := known.check(asked.Timeout, max(1, asked.Times))
		return map[string]any{"checked": asked.Check, "seconds": seconds, "verdict": verdict}
	case asked.Drop != "":
		delete(loaded, asked.Drop)
		debug.FreeOSMemory()
		return map[string]any{"dropped": asked.Drop}
	}
	return map[string]any{"error": "neither load, check nor drop"}
}

func (h *history) check(timeout float64, times int) (float64, string) {
	runtime.GC()
	var result porcupine.CheckResult
	began := time.Now()
	for i := 0; i < times; i++ {
		result = porcupine.CheckEventsTimeout(h.model, h.events, time.Duration(timeout*float64(time.Second)))
	}
	return time.Since(began).Seconds() / float64(times), words[result]
}

func checkOnce(path string, timeout float64) {
	read, err := load(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	seconds, verdict := read.check(timeout, 1)
	answer(map[string]any{"seconds": seconds, "verdict": verdict, "peak_bytes": peak()})
}

// The most memory that this process ever had (Linux; 0 elsewhere). Not getrusage: that counts what the process that
// started this one had.
func peak() int {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	fmt.Sscan(rest, &kib)
	return kib * 1024
}

func answer(fields map[string]any) {
	line, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(line, '\n'))
}

func version() string {
	if built, ok := debug.ReadBuildInfo(); ok {
		for _, module := range built.Deps {
			if module.Path == "github.com/anishathalye/porcupine" {
				return module.Version
			}
		}
	}
	return "unknown"
}
