// SPDX-License-Identifier: GPL-2.0-or-later

// A Go program that speaks the victims' protocol (tests/victims/victim.h).
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
)

var cache [][]byte

//go:noinline
func growCache(mib int) {
	for i := 0; i < mib*256; i++ {
		page := make([]byte, 4096)
		for offset := 0; offset < len(page); offset += 64 {
			page[offset] = 1
		}
		cache = append(cache, page)
	}
}

func main() {
	commands := bufio.NewScanner(os.Stdin)
	steps := map[string]func() string{
		"go":   func() string { growCache(64); return "grown" },
		"free": func() string { cache = nil; debug.FreeOSMemory(); return "freed" },
	}

	fmt.Println("ready")
	for commands.Scan() {
		step, known := steps[commands.Text()]
		if !known {
			return
		}
		fmt.Println(step())
	}
}
