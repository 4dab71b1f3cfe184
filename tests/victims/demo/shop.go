// SPDX-License-Identifier: GPL-2.0-or-later

// A small web shop, and customers for it. It grows as such servers do: sessions that nobody ends,
// a cache without a bound, a log kept in memory; and it makes garbage that is collected.
//
//	shop serve            prints its address, serves until killed
//	shop load ADDRESS     customers, until killed
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"net"
	"net/http"
	"os"
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

// The leak: nothing ever deletes a session.
//
//go:noinline
func (s *shop) openSession(customer string) *session {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	opened := s.sessions[customer]
	if opened == nil {
		opened = &session{customer: customer, history: bytes.Repeat([]byte(customer), 400)}
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
		found = bytes.Repeat([]byte(query+" "), 150)
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

// Garbage: large, and gone with the next collection.
//
//go:noinline
func renderPage(customer string, found []byte) []byte {
	page, err := json.Marshal(map[string]string{
		"customer": customer, "found": string(found), "banner": strings.Repeat("sale! ", 2000)})
	if err != nil {
		log.Fatal(err)
	}
	return page
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	customer, query := r.FormValue("customer"), r.FormValue("query")

	s.openSession(customer)
	found := s.searchProducts(query)
	s.appendAudit(fmt.Sprintf("%s asked for %s and got %d bytes", customer, query, len(found)))
	if _, err := w.Write(renderPage(customer, found)); err != nil {
		log.Print(err)
	}
}

func serve() {
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
		url := fmt.Sprintf("http://%s/?customer=c%d&query=q%d", address, visit%40000, hash(visit)%20000)
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
