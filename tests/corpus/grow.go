// SPDX-License-Identifier: GPL-2.0-or-later

// A Go program with goroutines whose stacks grow, a collector at work, and maps.
package main

import (
	"fmt"
	"sort"
	"strings"
	"sync"
)

//go:noinline
func deep(depth int, keep *[]string) int {
	var frame [256]byte

	if depth == 0 {
		*keep = append(*keep, strings.Repeat("x", 4096))
		return len(*keep)
	}
	frame[depth%256] = byte(depth)
	return deep(depth-1, keep) + int(frame[depth%256])
}

func grow(number int) map[int]string {
	all := map[int]string{}
	keep := []string{}

	for i := 0; i < 100000; i++ {
		all[i] = fmt.Sprintf("%d of %d", i, number)
		if i%500 == 0 {
			deep(i%90, &keep)
		}
	}
	sort.Strings(keep)
	return all
}

func main() {
	var group sync.WaitGroup

	for number := 0; number < 8; number++ {
		group.Add(1)
		go func(number int) {
			defer group.Done()
			fmt.Println(len(grow(number)))
		}(number)
	}
	group.Wait()
}
