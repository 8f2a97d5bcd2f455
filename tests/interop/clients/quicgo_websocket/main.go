// A WebSocket over HTTP/3 with quic-go, and with frames of its own (RFC 6455 §5): no byte of it comes
// from a library that our server uses.
//
//	quicgo_websocket https://localhost:4433/echo ca.pem
//
// It says what it saw as one JSON object, and knows no more of WebSocket than it needs for that.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

const (
	continuation = 0
	text         = 1
	binaryFrame  = 2
	closing      = 8
	ping         = 9
	final        = 0x80
)

type seen struct {
	Status      int    `json:"status"`
	Protocol    string `json:"protocol"`
	Text        string `json:"text"`
	Fragments   string `json:"fragments"`
	Pong        string `json:"pong"`
	BinarySize  int    `json:"binary_size"`
	BinaryEqual bool   `json:"binary_equal"`
	CloseCode   int    `json:"close_code"`
	CloseReason string `json:"close_reason"`
	Ended       bool   `json:"ended"`
	Refused     int    `json:"refused"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// frame is one masked frame of a client.
func frame(first byte, payload []byte) []byte {
	head := []byte{first}
	switch n := len(payload); {
	case n < 126:
		head = append(head, 0x80|byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 0x80|126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 0x80|127), uint64(n))
	}
	mask := make([]byte, 4)
	_, err := rand.Read(mask)
	must(err)
	head = append(head, mask...)
	for i, octet := range payload {
		head = append(head, octet^mask[i%4])
	}
	return head
}

// read is one frame of the server: its opcode and payload. It must not be masked.
func read(from *bufio.Reader) (byte, []byte) {
	first, err := from.ReadByte()
	must(err)
	second, err := from.ReadByte()
	must(err)
	size := uint64(second)
	switch size {
	case 126:
		var short uint16
		must(binary.Read(from, binary.BigEndian, &short))
		size = uint64(short)
	case 127:
		must(binary.Read(from, binary.BigEndian, &size))
	}
	payload := make([]byte, size)
	_, err = io.ReadFull(from, payload)
	must(err)
	return first & 0x0f, payload
}

func request(target *url.URL, protocol string) *http.Request {
	return &http.Request{
		Method: http.MethodConnect,
		Proto:  protocol,
		Host:   target.Host,
		URL:    target,
		Header: http.Header{
			"Sec-Websocket-Version":  {"13"},
			"Sec-Websocket-Protocol": {"chat, superchat"},
		},
	}
}

func open(round *http3.SingleDestinationRoundTripper, ask *http.Request) (http3.RequestStream, int, http.Header) {
	stream, err := round.OpenRequestStream(context.Background())
	must(err)
	must(stream.SendRequestHeader(ask))
	response, err := stream.ReadResponse()
	must(err)
	return stream, response.StatusCode, response.Header
}

func main() {
	target, err := url.Parse(os.Args[1])
	must(err)
	pem, err := os.ReadFile(os.Args[2])
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	configuration := &tls.Config{RootCAs: roots, NextProtos: []string{http3.NextProtoH3}, ServerName: target.Hostname()}
	connection, err := quic.DialAddr(ctx, target.Host, configuration, &quic.Config{})
	must(err)
	round := &http3.SingleDestinationRoundTripper{Connection: connection}
	<-round.Start().ReceivedSettings()
	if !round.Start().Settings().EnableExtendedConnect {
		must(fmt.Errorf("the server does not offer extended CONNECT"))
	}

	var told seen
	_, told.Refused, _ = open(round, request(target, "nobody-speaks-it"))

	stream, status, header := open(round, request(target, "websocket"))
	told.Status, told.Protocol = status, header.Get("Sec-Websocket-Protocol")
	answers := bufio.NewReader(stream)
	write := func(octets []byte) {
		_, err := stream.Write(octets)
		must(err)
	}

	write(frame(final|text, []byte("grüß dich")))
	_, payload := read(answers)
	told.Text = string(payload)

	write(frame(text, []byte("Hel")))
	write(frame(final|ping, []byte("?")))
	write(frame(final|continuation, []byte("lo")))
	_, payload = read(answers)
	told.Pong = string(payload)
	_, payload = read(answers)
	told.Fragments = string(payload)

	large := make([]byte, 1_000_000)
	_, err = rand.Read(large)
	must(err)
	go write(frame(final|binaryFrame, large))
	_, payload = read(answers)
	told.BinarySize, told.BinaryEqual = len(payload), bytes.Equal(payload, large)

	write(frame(final|closing, append([]byte{0x0f, 0xa0}, "bye"...)))
	opcode, payload := read(answers)
	if opcode == closing && len(payload) >= 2 {
		told.CloseCode = int(binary.BigEndian.Uint16(payload))
		told.CloseReason = string(payload[2:])
	}
	_, err = answers.ReadByte()
	told.Ended = err == io.EOF
	must(stream.Close())
	must(json.NewEncoder(os.Stdout).Encode(told))
	must(connection.CloseWithError(0x100, ""))
}
