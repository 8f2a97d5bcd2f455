// A load generator for HTTP/3 servers, on quic-go: what `tests/bench/native_load.py` builds and runs.
//
// It is told everything on standard input: a line of JSON that is a Spec, then a line for each
// time that the spec is to be run. As soon as it could run it answers with a line that says which
// QUIC it stands on, then with a line of JSON for each run, a Result. At the end of its input it
// closes its connections.
//
// It knows QUIC streams and as much of HTTP/3 as a measurement needs. It refuses to know what is
// asked and why: requests are bytes that were made by whoever wrote the spec. Its one rule: it
// must not be what a server waits for, so nothing is done twice that could be done once.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

// library is what the program stands on, with its version: the linker's -X sets it.
var library = "quic-go"

func main() {
	// One core for us, the other ones for the server. And one request after the other then goes
	// into the packet that is built next, as from clients that have but one thread.
	runtime.GOMAXPROCS(1)
	if err := serve(bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(input *bufio.Reader, output *json.Encoder) error {
	line, err := input.ReadBytes('\n')
	if err != nil {
		return err
	}
	var spec Spec
	if err := json.Unmarshal(line, &spec); err != nil {
		return err
	}
	load, err := newLoad(&spec)
	if err != nil {
		return err
	}
	defer load.close()
	fmt.Println(library)
	for {
		if _, err := input.ReadBytes('\n'); err != nil {
			return nil // whoever started us wants no more
		}
		result, err := load.run()
		if err != nil {
			return err
		}
		if err := output.Encode(result); err != nil {
			return err
		}
	}
}
