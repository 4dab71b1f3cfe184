// SPDX-License-Identifier: GPL-2.0-or-later

// A small web shop, and customers for it. It grows as such servers do: sessions that nobody ends,
// a cache without a bound, a log kept in memory; and some garbage that is collected.
//
//	shop serve            prints its address, serves until killed
//	shop load ADDRESS     customers, until killed
package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
)

type shop struct {
	mutex    sync.Mutex
	sessions map[string]*session
	results  map[string][]byte
	audit    []string
}

type session struct {
	customer string
	history  []byte
}

const (
	sessionBytes = 16 << 10
	resultBytes  = 32 << 10
)

// Copies by hand: runtime.memmove has no frame of its own, and a walk of frame pointers that begins
// in it misses its caller.
func fill(memory []byte, text string) {
	for i := range memory {
		memory[i] = text[i%len(text)]
	}
}

// The leak: nothing ever deletes a session.
//
//go:noinline
func (s *shop) openSession(customer string) *session {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	opened := s.sessions[customer]
	if opened == nil {
		opened = &session{customer: customer, history: make([]byte, sessionBytes)}
		fill(opened.history, customer)
		s.sessions[customer] = opened
	}
	return opened
}

// The cache without a bound: every new question is remembered for ever.
//
//go:noinline
func (s *shop) searchProducts(query string) []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found, known := s.results[query]
	if !known {
		found = make([]byte, resultBytes)
		fill(found, query)
		s.results[query] = found
	}
	return found
}

//go:noinline
func (s *shop) appendAudit(line string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.audit = append(s.audit, line)
}

// Garbage, gone with the next collection.
//
//go:noinline
func renderPage(w io.Writer, customer string, found []byte) error {
	banner := strings.Repeat("sale! ", 100)
	_, err := fmt.Fprintf(w, "<h1>%s</h1>\n<p>%s</p>\n%d bytes found\n", banner, customer, len(found))
	return err
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	customer, query := r.FormValue("customer"), r.FormValue("query")

	s.openSession(customer)
	found := s.searchProducts(query)
	s.appendAudit(fmt.Sprintf("%s from %s asked for %s with %v and got %d bytes",
		customer, r.RemoteAddr, query, r.Header, len(found)))
	if err := renderPage(w, customer, found); err != nil {
		log.Print(err)
	}
}

func serve() {
	debug.SetGCPercent(20) // as a container with a tight limit would be run
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	log.Fatal(http.Serve(listener, &shop{
		sessions: map[string]*session{}, results: map[string][]byte{}}))
}

// Spread over the numbers, and the same in every run.
func hash(number int) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, number)
	return h.Sum64()
}

func load(address string) {
	for visit := 0; ; visit++ {
		url := fmt.Sprintf("http://%s/?customer=c%d&query=q%d", address, visit%8000, hash(visit)%3000)
		answer, err := http.Get(url)
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

func main() {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "serve":
		serve()
	case len(os.Args) == 3 && os.Args[1] == "load":
		load(os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: shop serve | shop load ADDRESS")
		os.Exit(64)
	}
}
