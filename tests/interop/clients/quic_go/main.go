// A client on quic-go's http3, for the interop tests: what `tests/interop/roster.py` builds and runs.
//
// It is told everything on its command line and on standard input, in the words of
// `tests/interop/clients/program.py`. It knows how quic-go is asked. It refuses to know what the
// answers mean.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

type wishes struct {
	Version int    `json:"version"`
	Window  uint64 `json:"window"`
	Early   bool   `json:"early"`
}

func main() {
	if err := serve(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers lines of requests until there are no more.
func serve(origin, cafile, wanted string) error {
	var w wishes
	if err := json.Unmarshal([]byte(wanted), &w); err != nil {
		return err
	}
	transport, err := transportFor(cafile, w)
	if err != nil {
		return err
	}
	defer transport.Close()
	c := &client{origin, &http.Client{Transport: transport}, w.Early}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		reply, err := json.Marshal(c.reply(lines.Bytes()))
		if err != nil {
			return err
		}
		fmt.Println(string(reply))
	}
	return lines.Err()
}

func transportFor(cafile string, w wishes) (*http3.RoundTripper, error) {
	authority, err := os.ReadFile(cafile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	config := &quic.Config{Versions: []quic.Version{quic.Version1}}
	if w.Version == 2 {
		config.Versions = []quic.Version{quic.Version2}
	}
	if w.Window > 0 {
		config.InitialStreamReceiveWindow, config.MaxStreamReceiveWindow = w.Window, w.Window
		config.InitialConnectionReceiveWindow = w.Window
		config.MaxConnectionReceiveWindow = w.Window
	}
	return &http3.RoundTripper{
		TLSClientConfig: &tls.Config{
			RootCAs:            roots,
			ClientSessionCache: tls.NewLRUClientSessionCache(1),
		},
		QUICConfig:         config,
		DisableCompression: true,
	}, nil
}
