// SPDX-License-Identifier: MIT

// An upgrade with tableflip; each process of a chain upgrades itself once.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/cloudflare/tableflip"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	upgrader, err := tableflip.New(tableflip.Options{
		PIDFile: os.Getenv("BENCH_TEMPORARY") + "/tableflip.pid",
	})
	must(err)
	must(upgrader.Ready())
	// Without a buffer: the rest is for the successor.
	if _, err := os.Stdin.Read(make([]byte, 32)); err != nil {
		return
	}
	// While its predecessor exists, it refuses to begin.
	must(upgrader.WaitForParent(context.Background()))
	begin := time.Now()
	must(upgrader.Upgrade())
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, time.Since(begin).Nanoseconds())
	out.Flush()
	<-upgrader.Exit()
}
