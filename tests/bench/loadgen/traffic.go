package main

import (
	"context"
	"math/rand"
	"net"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/logging"
)

// traffic counts the packets of all connections. Apart from those of handshakes, which share
// datagrams, packets are datagrams.
type traffic struct {
	sent, received atomic.Int64
}

func (t *traffic) tracer(
	context.Context, logging.Perspective, quic.ConnectionID,
) *logging.ConnectionTracer {
	return &logging.ConnectionTracer{
		SentLongHeaderPacket: func(
			*logging.ExtendedHeader, logging.ByteCount, logging.ECN, *logging.AckFrame,
			[]logging.Frame,
		) {
			t.sent.Add(1)
		},
		SentShortHeaderPacket: func(
			*logging.ShortHeader, logging.ByteCount, logging.ECN, *logging.AckFrame,
			[]logging.Frame,
		) {
			t.sent.Add(1)
		},
		ReceivedLongHeaderPacket: func(
			*logging.ExtendedHeader, logging.ByteCount, logging.ECN, []logging.Frame,
		) {
			t.received.Add(1)
		},
		ReceivedShortHeaderPacket: func(
			*logging.ShortHeader, logging.ByteCount, logging.ECN, []logging.Frame,
		) {
			t.received.Add(1)
		},
	}
}

func (t *traffic) snapshot() [2]int64 {
	return [2]int64{t.sent.Load(), t.received.Load()}
}

func (t *traffic) since(before [2]int64) (sent, received int64) {
	return t.sent.Load() - before[0], t.received.Load() - before[1]
}

// lossy is a socket that loses a share of its datagrams, each way, by a seed.
type lossy struct {
	net.PacketConn
	share float64
	mutex sync.Mutex
	fate  *rand.Rand
}

func newLossy(socket net.PacketConn, share float64, seed int) *lossy {
	return &lossy{PacketConn: socket, share: share, fate: rand.New(rand.NewSource(int64(seed)))}
}

func (l *lossy) isLost() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.fate.Float64() < l.share
}

func (l *lossy) ReadFrom(data []byte) (int, net.Addr, error) {
	for {
		n, address, err := l.PacketConn.ReadFrom(data)
		if err != nil || !l.isLost() {
			return n, address, err
		}
	}
}

func (l *lossy) WriteTo(data []byte, address net.Addr) (int, error) {
	if l.isLost() {
		return len(data), nil
	}
	return l.PacketConn.WriteTo(data, address)
}
