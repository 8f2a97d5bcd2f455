package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// session is the requests of one connection.
type session struct {
	spec   *Spec
	client *client
	free   chan struct{} // one for each stream that may be opened
	ended  sync.WaitGroup

	mutex     sync.Mutex
	latencies []int64
	failures  int
	complaint string
	bulkBytes int64
}

func newSession(spec *Spec, client *client) *session {
	s := &session{spec: spec, client: client, free: make(chan struct{}, spec.Streams)}
	for range spec.Streams {
		s.free <- struct{}{}
	}
	return s
}

// run makes all requests and waits for their ends.
func (s *session) run() {
	bulk := s.startBulk()
	start := time.Now()
	for i := range s.spec.Requests {
		due := start.Add(time.Duration(float64(i) * s.spec.Interval * float64(time.Second)))
		time.Sleep(time.Until(due))
		// Counted from here: that all streams are taken then is the server's doing.
		due = time.Now()
		<-s.free
		if s.spec.Interval == 0 {
			due = time.Now() // one as soon as another ends: nothing was late
		}
		s.ask(due)
	}
	s.ended.Wait()
	bulk()
}

// ask starts a request. The answer is awaited elsewhere, so that requests share packets.
func (s *session) ask(due time.Time) {
	stream, err := s.open(s.spec.Request, s.spec.UploadSize == 0)
	if err != nil {
		s.end(due, err)
		return
	}
	s.ended.Add(1)
	go func() {
		defer s.ended.Done()
		if s.spec.UploadSize > 0 {
			go s.upload(stream)
		}
		s.end(due, readResponse(stream, s.spec.LeastSize))
		s.free <- struct{}{}
	}()
}

// open opens a stream as soon as the server's MAX_STREAMS allows, and writes a request to it.
func (s *session) open(request []byte, isWhole bool) (quic.Stream, error) {
	within, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := s.client.connection.OpenStreamSync(within)
	if err != nil {
		return nil, err
	}
	_ = stream.SetDeadline(time.Now().Add(patience))
	if _, err = stream.Write(request); err == nil && isWhole {
		err = stream.Close()
	}
	return stream, err
}

// upload writes the content. Where that fails the response tells, or its absence.
func (s *session) upload(stream quic.Stream) {
	if _, err := stream.Write(dataFrame(s.spec.UploadSize)); err == nil {
		_ = stream.Close()
	}
}

// startBulk keeps a download going until the function that it returns is called.
func (s *session) startBulk() func() {
	if len(s.spec.Bulk) == 0 {
		return func() {}
	}
	stop := make(chan struct{})
	var reading sync.WaitGroup
	reading.Add(1)
	go func() {
		defer reading.Done()
		for {
			stream, err := s.open(s.spec.Bulk, true)
			if err != nil {
				s.end(time.Now(), err)
				return
			}
			ended := make(chan struct{})
			go func() {
				s.bulkBytes += discard(stream)
				close(ended)
			}()
			select {
			case <-ended:
			case <-stop:
				stream.CancelRead(requestCanceled)
				<-ended
				return
			}
		}
	}()
	return func() {
		close(stop)
		reading.Wait()
	}
}

func (s *session) end(due time.Time, err error) {
	taken := time.Since(due)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err == nil {
		s.latencies = append(s.latencies, taken.Microseconds())
		return
	}
	s.failures++
	if s.complaint == "" {
		s.complaint = fmt.Sprint(err)
	}
}

func (s *session) addTo(result *Result) {
	result.Requests += s.spec.Requests
	result.Failures += s.failures
	result.Latencies = append(result.Latencies, s.latencies...)
	result.BulkBytes += s.bulkBytes
	if s.client.isResumed {
		result.Resumed++
	}
	if result.Complaint == "" {
		result.Complaint = s.complaint
	}
}
