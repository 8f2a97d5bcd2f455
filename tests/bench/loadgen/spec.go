package main

// Spec is what to do in a run; see Workload in tests/bench/load.py for the meaning of the counts.
type Spec struct {
	Address     string  `json:"address"`
	Rounds      int     `json:"rounds"`
	Connections int     `json:"connections"`
	Asking      int     `json:"asking"` // how many of the connections make requests
	Requests    int     `json:"requests"`
	Streams     int     `json:"streams"`
	Interval    float64 `json:"interval"`    // seconds between requests of a connection
	Request     []byte  `json:"request"`     // a HEADERS frame
	UploadSize  int     `json:"upload_size"` // bytes of content of each request
	LeastSize   int     `json:"least_size"`  // bytes of content that a whole response has
	Bulk        []byte  `json:"bulk"`        // a HEADERS frame of a request that goes on meanwhile
	Warm        bool    `json:"warm"`        // connections stand before the first run, and stay
	Resume      bool    `json:"resume"`      // TLS sessions are resumed, where the server can
	Loss        float64 `json:"loss"`        // share of datagrams that is lost, each way
}

// Result is what became of a run.
type Result struct {
	Requests        int     `json:"requests"`
	Failures        int     `json:"failures"`
	Complaint       string  `json:"complaint"` // the first failure
	Seconds         float64 `json:"seconds"`
	Latencies       []int64 `json:"latencies"` // microseconds, of each whole response
	Resumed         int     `json:"resumed"`   // connections that resumed a TLS session
	BulkBytes       int64   `json:"bulk_bytes"`
	PacketsSent     int64   `json:"packets_sent"`
	PacketsReceived int64   `json:"packets_received"`
}
