// SPDX-License-Identifier: MIT

// A start with go-daemon; with the argument "spawn", with os.StartProcess alone.
package main

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/sevlyar/go-daemon"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The daemon writes one byte into the FIFO, which is its log.
func reborn(path string) (*os.Process, error) {
	context := &daemon.Context{LogFileName: path, LogFilePerm: 0600, WorkDir: "/"}
	child, err := context.Reborn()
	if err == nil && child == nil {
		os.Stdout.Write([]byte{0})
		os.Exit(0)
	}
	return child, err
}

func spawn(path string) (*os.Process, error) {
	fifo, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(err)
	defer fifo.Close()
	return os.StartProcess(os.Args[0], []string{os.Args[0], "byte"},
		&os.ProcAttr{Files: []*os.File{nil, fifo, nil}, Env: os.Environ()})
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "byte" {
		os.Stdout.Write([]byte{0})
		return
	}
	way := reborn
	if len(os.Args) > 1 {
		way = spawn
	}
	path := fmt.Sprintf("%s/go-%d.fifo", os.Getenv("BENCH_TEMPORARY"), os.Getpid())
	if daemon.WasReborn() {
		reborn(path)
	}
	must(syscall.Mkfifo(path, 0600))
	defer os.Remove(path)
	fifo, err := os.OpenFile(path, os.O_RDWR, 0)
	must(err)
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		begin := time.Now()
		child, err := way(path)
		must(err)
		_, err = fifo.Read(make([]byte, 1))
		must(err)
		fmt.Println(time.Since(begin).Nanoseconds())
		child.Wait()
	}
}
