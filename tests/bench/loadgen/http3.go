package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

const (
	dataFrameType    = 0x00
	headersFrameType = 0x01
	// RFC 9204 appendix A: the static table has ":status 200" at index 25. Without a dynamic
	// table, an encoder that does not use the entry is none that we have met.
	status200  = 0xc0 | 25
	bufferSize = 64 << 10
)

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

var content sync.Map // size → the DATA frame of that size, made once

// dataFrame is a DATA frame with as many bytes of content.
func dataFrame(size int) []byte {
	if frame, ok := content.Load(size); ok {
		return frame.([]byte)
	}
	frame := quicvarint.Append([]byte{dataFrameType}, uint64(size))
	for i := range size {
		frame = append(frame, byte(i*31>>3))
	}
	content.Store(size, frame)
	return frame
}

// response counts what comes: frames in any pieces, RFC 9114 §7.1.
type response struct {
	head    []byte // of a frame whose header, or first field line, is not whole yet
	left    uint64 // bytes of the current frame's payload
	isData  bool
	size    int
	hasHead bool
}

// readResponse takes a response in and tells why it is not a whole one, if so.
func readResponse(stream quic.ReceiveStream, leastSize int) error {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	var r response
	for {
		n, err := stream.Read(buffer[:])
		if e := r.feed(buffer[:n]); e != nil {
			return e
		}
		if errors.Is(err, io.EOF) {
			return r.judge(leastSize)
		}
		if err != nil {
			return err
		}
	}
}

func (r *response) judge(leastSize int) error {
	switch {
	case !r.hasHead:
		return errors.New("no response, but the end of the stream")
	case r.left > 0 || len(r.head) > 0:
		return errors.New("the stream ends within a frame")
	case r.size < leastSize:
		return fmt.Errorf("%d bytes of content instead of %d", r.size, leastSize)
	}
	return nil
}

func (r *response) feed(data []byte) error {
	for len(data) > 0 {
		if r.left > 0 {
			n := min(uint64(len(data)), r.left)
			if r.isData {
				r.size += int(n)
			}
			r.left -= n
			data = data[n:]
			continue
		}
		var err error
		if data, err = r.begin(data); err != nil {
			return err
		}
	}
	return nil
}

// begin takes in the header of a frame, and of the first HEADERS the status too. It returns what
// of the data is left.
func (r *response) begin(data []byte) ([]byte, error) {
	r.head = append(r.head, data...)
	reader := bytes.NewReader(r.head)
	kind, err := quicvarint.Read(reader)
	if err != nil {
		return nil, nil
	}
	length, err := quicvarint.Read(reader)
	if err != nil {
		return nil, nil
	}
	rest := r.head[len(r.head)-reader.Len():]
	if kind == headersFrameType && !r.hasHead {
		if len(rest) < 3 {
			return nil, nil
		}
		// Two bytes of prefix, then ":status", which comes before all other fields.
		if rest[2] != status200 {
			return nil, fmt.Errorf("the response begins with % x", rest[:3])
		}
		r.hasHead = true
	}
	r.isData = kind == dataFrameType
	r.left = length
	r.head = nil
	return rest, nil
}

// discard reads to the end, whatever comes, and returns how much it was.
func discard(stream quic.ReceiveStream) int64 {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	total := int64(0)
	for {
		n, err := stream.Read(buffer[:])
		total += int64(n)
		if err != nil {
			return total
		}
	}
}
