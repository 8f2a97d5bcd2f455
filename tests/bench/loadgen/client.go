package main

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/quic-go/quic-go"
)

const (
	patience        = 60 * time.Second
	noError         = 0x100 // H3_NO_ERROR, RFC 9114 §8.1
	requestCanceled = 0x10c // H3_REQUEST_CANCELLED
	clientsPerHost  = 200   // connections from one address: more would look like an attack

	// Bytes of credit: Chromium's.
	streamWindow     = 6 << 20
	connectionWindow = 15 << 20
)

// controlStream is a stream type, and SETTINGS without a setting: no dynamic QPACK table.
var controlStream = []byte{0x00, 0x04, 0x00}

// client is one connection to the server, on a socket of its own.
type client struct {
	connection quic.Connection
	isResumed  bool
	transport  *quic.Transport
	socket     net.PacketConn
}

// dial opens the connection with this number; patience is its limit.
func dial(spec *Spec, number int, tls *tls.Config, traffic *traffic) (*client, error) {
	server, err := net.ResolveUDPAddr("udp", spec.Address)
	if err != nil {
		return nil, err
	}
	udp, err := net.ListenUDP("udp", sourceOf(server, number))
	if err != nil {
		return nil, err
	}
	var socket net.PacketConn = udp
	if spec.Loss > 0 {
		socket = newLossy(udp, spec.Loss, number)
	}
	c := &client{transport: &quic.Transport{Conn: socket}, socket: socket}
	within, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c.connection, err = c.transport.Dial(within, server, tls, quicConfig(traffic))
	if err == nil {
		c.isResumed = c.connection.ConnectionState().TLS.DidResume
		err = c.sayHello()
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// sourceOf gives every two hundred clients of a server on the loopback an address of their own.
func sourceOf(server *net.UDPAddr, number int) *net.UDPAddr {
	if ip := server.IP.To4(); ip != nil && ip.IsLoopback() {
		return &net.UDPAddr{IP: net.IPv4(127, 0, 0, byte(1+number/clientsPerHost))}
	}
	return &net.UDPAddr{}
}

func tlsConfig(spec *Spec) *tls.Config {
	config := &tls.Config{
		InsecureSkipVerify: true, // the certificate was made for this run
		ServerName:         "localhost",
		NextProtos:         []string{"h3"},
		CurvePreferences:   []tls.CurveID{tls.X25519},
	}
	if spec.Resume {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	return config
}

func quicConfig(traffic *traffic) *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           patience,
		MaxIdleTimeout:                 5 * time.Minute,
		InitialStreamReceiveWindow:     streamWindow,
		MaxStreamReceiveWindow:         streamWindow,
		InitialConnectionReceiveWindow: connectionWindow,
		MaxConnectionReceiveWindow:     connectionWindow,
		// All servers get datagrams of one size, whenever they are measured.
		InitialPacketSize:       1200,
		DisablePathMTUDiscovery: true,
		Tracer:                  traffic.tracer,
	}
}

// sayHello opens the control stream, and lets the server's streams come to nothing.
func (c *client) sayHello() error {
	control, err := c.connection.OpenUniStream()
	if err != nil {
		return err
	}
	if _, err := control.Write(controlStream); err != nil {
		return err
	}
	go func() {
		for {
			stream, err := c.connection.AcceptUniStream(context.Background())
			if err != nil {
				return // the connection has ended
			}
			go discard(stream)
		}
	}()
	return nil
}

func (c *client) close() {
	if c.connection != nil {
		_ = c.connection.CloseWithError(noError, "")
	}
	_ = c.transport.Close()
	_ = c.socket.Close()
}
