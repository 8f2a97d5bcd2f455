package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go/http3"
)

const (
	pieces = 8
	pause  = 30 * time.Millisecond
)

var errGivenUp = errors.New("the client wants no more")

type request struct {
	Path         string            `json:"path"`
	Method       string            `json:"method"`
	Fields       map[string]string `json:"fields"`
	Size         *int              `json:"size"`
	Streams      bool              `json:"streams"`
	GivesUpAfter *int              `json:"gives_up_after"`
}

type answer struct {
	Status  int               `json:"status"`
	Version int               `json:"version"`
	Fields  map[string]string `json:"fields"`
	Size    int               `json:"size"`
	Sha256  string            `json:"sha256"`
	// quic-go 0.46 shows no trailers.
	Trailers map[string]string `json:"trailers"`
	Interim  []int             `json:"interim"`
}

type client struct {
	origin  string
	http    *http.Client
	isEarly bool
}

// reply answers a line: with what came of its requests, or with what went wrong.
func (c *client) reply(line []byte) any {
	var deed string
	if json.Unmarshal(line, &deed) == nil {
		// It moves nowhere, and updates its keys by itself, after a hundred packets.
		return []answer{}
	}
	var requests []request
	if err := json.Unmarshal(line, &requests); err != nil {
		return map[string]string{"raised": err.Error()}
	}
	answers, failures := make([]answer, len(requests)), make([]error, len(requests))
	var all sync.WaitGroup
	for i := range requests {
		all.Add(1)
		go func() {
			defer all.Done()
			answers[i], failures[i] = c.exchange(requests[i])
		}()
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return map[string]string{"raised": err.Error()}
	}
	return answers
}

func (c *client) exchange(r request) (answer, error) {
	a := answer{Fields: map[string]string{}, Interim: []int{}}
	asked, err := c.build(r)
	if err != nil {
		return a, err
	}
	trace := &httptrace.ClientTrace{
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			a.Interim = append(a.Interim, code)
			return nil
		},
	}
	response, err := c.http.Do(asked.WithContext(httptrace.WithClientTrace(asked.Context(), trace)))
	if err != nil && r.GivesUpAfter != nil {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	body, err := content(response.Body, r)
	digest := sha256.Sum256(body)
	a.Status, a.Version = response.StatusCode, response.ProtoMajor
	a.Size, a.Sha256 = len(body), hex.EncodeToString(digest[:])
	for name, values := range response.Header {
		a.Fields[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return a, err
}

func (c *client) build(r request) (*http.Request, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	if method == http.MethodGet && c.isEarly {
		method = http3.MethodGet0RTT // a GET, which need not wait for the handshake
	}
	var body io.Reader
	if r.Streams {
		body = &streaming{whole: pattern(*r.Size), givesUpAfter: r.GivesUpAfter}
	} else if r.Size != nil {
		body = bytes.NewReader(pattern(*r.Size))
	}
	asked, err := http.NewRequest(method, c.origin+r.Path, body)
	if err != nil {
		return nil, err
	}
	for name, value := range r.Fields {
		asked.Header.Set(name, value)
	}
	return asked, nil
}

// content reads a response to its end, or as far as the client wants it.
func content(body io.Reader, r request) ([]byte, error) {
	if r.GivesUpAfter != nil {
		body = io.LimitReader(body, int64(*r.GivesUpAfter))
	}
	return io.ReadAll(body)
}

// streaming is a request's content that comes piece by piece.
type streaming struct {
	whole        []byte
	sent         int
	givesUpAfter *int
}

func (s *streaming) Read(into []byte) (int, error) {
	step := (len(s.whole) + pieces - 1) / pieces
	if s.sent == len(s.whole) {
		return 0, io.EOF
	}
	if s.sent%step == 0 {
		if s.givesUpAfter != nil && s.sent >= *s.givesUpAfter {
			return 0, errGivenUp
		}
		if s.sent > 0 {
			time.Sleep(pause)
		}
	}
	end := min(s.sent-s.sent%step+step, len(s.whole))
	n := copy(into, s.whole[s.sent:end])
	s.sent += n
	return n, nil
}

// pattern has no two nearby stretches alike; the server knows it, too.
func pattern(size int) []byte {
	whole := make([]byte, 0, size+4)
	for number := 0; len(whole) < size; number++ {
		n := number % (1 << 14)
		whole = append(whole, 0, 0, byte(n>>8), byte(n))
	}
	return whole[:size]
}
