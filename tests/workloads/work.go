// SPDX-License-Identifier: GPL-2.0-or-later

// The corpus's Go: work CASE MIB, until it is killed. Servers serve requests that they send
// themselves.
package main

import (
	"fmt"
	"io"
	"io/ioutil"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	limit int
	scale = 1.0
	kept  [][]byte
)

func rest(seconds float64) {
	time.Sleep(time.Duration(seconds * scale * float64(time.Second)))
}

func fill(bytes int) []byte {
	data := make([]byte, bytes)
	for i := 0; i < bytes; i += 512 {
		data[i] = 1
	}
	return data
}

// serve answers at an address of its own with the handler, and asks it again and again.
func serve(handler http.HandlerFunc, pause float64) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, handler)
	for i := 0; ; i++ {
		answer, err := http.Get(fmt.Sprintf("http://%s/%d", listener.Addr(), i))
		if err == nil {
			io.Copy(ioutil.Discard, answer.Body)
			answer.Body.Close()
		}
		rest(pause)
	}
}

// Each request starts a goroutine that waits for ever for an answer nobody sends.
func goroutineLeak() {
	serve(func(w http.ResponseWriter, r *http.Request) {
		answer := make(chan []byte)
		body := fill(limit / 1000)
		go func() {
			<-answer
			kept = append(kept, body)
		}()
	}, 0.03)
}

func unboundedMap() {
	var lock sync.Mutex
	sessions := map[string][]byte{}
	serve(func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		sessions[r.URL.Path] = fill(limit / 700)
		lock.Unlock()
	}, 0.04)
}

func readAll() {
	rest(25)
	serve(func(w http.ResponseWriter, r *http.Request) {
		data, _ := ioutil.ReadFile("input")
		kept = append(kept, data)
	}, 0.1)
}

// A few bytes of each buffer keep all of it.
func smallSlices() {
	for {
		kept = append(kept, fill(limit / 300)[:16])
		rest(0.1)
	}
}

// What lives is a third of the limit, and the collector lets twice as much be; then it is half.
func garbage() {
	churn := func(seconds float64) {
		for i := 0; i < int(seconds*50); i++ {
			part := fill(limit / 500)
			part[i%len(part)] = 1
			rest(0.02)
		}
	}
	kept = append(kept, fill(limit*36/100))
	churn(28)
	kept = append(kept, fill(limit*18/100))
	churn(60)
}

// Every page load asks for all of the table, and all of them at once.
func lazyTable() {
	var all sync.WaitGroup
	table := strings.Repeat("row of the table;", limit/10/17)
	for i := 0; i < 32; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			rows := make([]string, 0)
			for at := 0; at+1700 < len(table); at += 1700 {
				rows = append(rows, string(append([]byte{}, table[at:at+1700]...)))
				if at%17000 == 0 {
					rest(0.01)
				}
			}
			kept = append(kept, []byte(strings.Join(rows, "")))
		}()
	}
	all.Wait()
	rest(60)
}

func burst() {
	rest(25)
	for i := 0; i < 100; i++ {
		go func() {
			for {
				data := fill(limit / 60)
				rest(2)
				_ = data[0]
			}
		}()
	}
	rest(60)
}

func timers() {
	for i := 0; ; i++ {
		data := fill(limit / 2000)
		time.AfterFunc(time.Hour, func() { kept = append(kept, data) })
		if i%10 == 0 {
			rest(0.12)
		}
	}
}

func main() {
	cases := map[string]func(){
		"goroutines": goroutineLeak, "map": unboundedMap, "read": readAll, "slices": smallSlices,
		"garbage": garbage, "lazy": lazyTable, "burst": burst, "timers": timers,
	}
	mib, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	limit = mib << 20
	if text := os.Getenv("SCALE"); text != "" {
		scale, _ = strconv.ParseFloat(text, 64)
	}
	cases[os.Args[1]]()
}
