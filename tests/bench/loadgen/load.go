package main

import (
	"crypto/tls"
	"sync"
	"time"
)

// dialsAtOnce is how many handshakes of warm connections are under way together: a crowd at the
// door is not what a warm workload measures.
const dialsAtOnce = 16

// load is a spec with the connections that it needs.
type load struct {
	spec    *Spec
	tls     *tls.Config
	traffic traffic
	warm    []*client
}

func newLoad(spec *Spec) (*load, error) {
	l := &load{spec: spec, tls: tlsConfig(spec)}
	if !spec.Warm {
		return l, nil
	}
	clients, err := l.dialAll(dialsAtOnce)
	l.warm = clients
	return l, err
}

func (l *load) close() {
	closeAll(l.warm)
}

// run does all rounds, and counts packets of these rounds alone.
func (l *load) run() (*Result, error) {
	before := l.traffic.snapshot()
	result := &Result{Latencies: []int64{}}
	for range l.spec.Rounds {
		if err := l.round(result); err != nil {
			return nil, err
		}
	}
	result.PacketsSent, result.PacketsReceived = l.traffic.since(before)
	return result, nil
}

func (l *load) round(result *Result) error {
	start := time.Now()
	clients := l.warm
	if !l.spec.Warm {
		var err error
		if clients, err = l.dialAll(l.spec.Connections); err != nil {
			return err
		}
	}
	sessions := make([]*session, l.spec.Asking)
	var asking sync.WaitGroup
	for i := range sessions {
		sessions[i] = newSession(l.spec, clients[i])
		asking.Add(1)
		go func(s *session) {
			defer asking.Done()
			s.run()
		}(sessions[i])
	}
	asking.Wait()
	result.Seconds += time.Since(start).Seconds()
	for _, s := range sessions {
		s.addTo(result)
	}
	if !l.spec.Warm {
		closeAll(clients)
	}
	return nil
}

// dialAll opens all connections, some at once, and returns those that could be opened.
func (l *load) dialAll(atOnce int) ([]*client, error) {
	clients := make([]*client, l.spec.Connections)
	errors := make([]error, l.spec.Connections)
	slots := make(chan struct{}, atOnce)
	var dialing sync.WaitGroup
	for i := range clients {
		slots <- struct{}{}
		dialing.Add(1)
		go func() {
			defer dialing.Done()
			clients[i], errors[i] = dial(l.spec, i, l.tls, &l.traffic)
			<-slots
		}()
	}
	dialing.Wait()
	for _, err := range errors {
		if err != nil {
			closeAll(clients)
			return nil, err
		}
	}
	return clients, nil
}

func closeAll(clients []*client) {
	for _, c := range clients {
		if c != nil {
			c.close()
		}
	}
}
