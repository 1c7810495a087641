// Command goclients checks go-redis and rueidis against one address.
// usage: goclients goredis|rueidis|rueidis-tracking HOST PORT RESP single|cluster PREFIX
package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
)

var (
	address string
	version int
	cluster bool
	prefix  string
)

// big is 8 MiB that looks like a reply.
var big = strings.Repeat("\x00\r\n$-1\r\n", 1<<20)

type check struct {
	name string
	f    func(context.Context)
}

func main() {
	a := os.Args
	address = a[2] + ":" + a[3]
	version, _ = strconv.Atoi(a[4])
	cluster = a[5] == "cluster"
	prefix = a[6]
	checks, name := goredis()
	if a[1] != "goredis" {
		checks, name = rueidisChecks(a[1] == "rueidis-tracking")
	}
	failed := 0
	for _, c := range checks {
		if why := c.run(); why != "" {
			failed++
			fmt.Printf("not ok %s: %s\n", c.name, why)
		} else {
			fmt.Println("ok", c.name)
		}
	}
	fmt.Printf("%s RESP%d %s: %d passed, %d failed\n", name, version, a[5], len(checks)-failed, failed)
	if failed > 0 || len(checks) == 0 {
		os.Exit(1)
	}
}

func (c check) run() (why string) {
	defer func() {
		if r := recover(); r != nil {
			why = fmt.Sprintf("%.400v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c.f(ctx)
	return ""
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func eq(got, want any) {
	if !reflect.DeepEqual(got, want) {
		panic(fmt.Sprintf("got %.200v, want %.200v", got, want))
	}
}

func raises(text string, err error) {
	if err == nil || !strings.Contains(err.Error(), text) {
		panic(fmt.Sprintf("error %v, want one with %q", err, text))
	}
}

func key(i int) string { return "spread" + strings.Trim(prefix, "{}") + strconv.Itoa(i) }
