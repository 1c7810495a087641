package redis

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// report is what one Sentinel says of the master it watches.
type report struct {
	from      string
	master    string // where it is
	epoch     int    // of the configuration: the higher, the later it was chosen
	replicas  []string
	sentinels []string // the others
	unsettled bool     // there are replicas that are not in order
}

// parseMaster takes the answers of SENTINEL MASTER and GET-MASTER-ADDR-BY-NAME:
// during a fail-over the second names the new master first.
func (r *report) parseMaster(master, address any) error {
	m := fields(master)
	r.epoch, _ = whole(m["config-epoch"])
	at := list(address)
	if len(at) != 2 {
		return errors.New(r.from + ": it knows no master of that name")
	}
	if r.master = addressOf(text(at[0]), at[1], r.from); r.master == "" {
		return fmt.Errorf("%s: it names a master without an address: %v", r.from, address)
	}
	return nil
}

// parseReplicas takes the answer of SENTINEL REPLICAS: those that are in order.
func (r *report) parseReplicas(answer any) {
	for _, one := range list(answer) {
		f := fields(one)
		flags := strings.Split(text(f["flags"]), ",")
		down := slices.ContainsFunc(flags, func(flag string) bool { return slices.Contains(outOfOrder, flag) })
		if down || text(f["master-link-status"]) != "ok" {
			r.unsettled = true
			continue
		}
		if a := addressOf(text(f["ip"]), f["port"], r.from); a != "" && len(r.replicas) < maxNodes {
			r.replicas = append(r.replicas, a)
		}
	}
	slices.Sort(r.replicas)
	r.replicas = slices.Compact(r.replicas)
}

// outOfOrder are a Sentinel's flags of a server that is not to be used.
var outOfOrder = []string{"s_down", "o_down", "disconnected"}

// parseSentinels takes the answer of SENTINEL SENTINELS.
func (r *report) parseSentinels(answer any) {
	for _, one := range list(answer) {
		f := fields(one)
		if a := addressOf(text(f["ip"]), f["port"], r.from); a != "" && len(r.sentinels) < maxSentinels {
			r.sentinels = append(r.sentinels, a)
		}
	}
}

// maxSentinels is how many of one master are asked; five are many.
const maxSentinels = 32

// election is what several Sentinels' reports come to.
type election struct {
	master   string
	epoch    int
	replicas []string
	votes    int // how many name that master
	// unsettled: one of these sees replicas that are not in order.
	unsettled bool
}

// elect chooses by the latest configuration: Sentinels that were cut off name a
// master of an earlier one, which may still take itself for one. Of one epoch the
// master that most name; of replicas those that any of these sees in order.
// reports are at least one.
func elect(reports []report) election {
	e := election{epoch: -1}
	votes := map[string]int{}
	for _, r := range reports {
		if r.epoch > e.epoch {
			e.epoch = r.epoch
			clear(votes)
		}
		if r.epoch == e.epoch {
			votes[r.master]++
		}
	}
	for master, n := range votes {
		if n > e.votes || n == e.votes && master < e.master {
			e.master, e.votes = master, n
		}
	}
	for _, r := range reports {
		if r.epoch == e.epoch && r.master == e.master {
			e.replicas = append(e.replicas, r.replicas...)
			e.unsettled = e.unsettled || r.unsettled
		}
	}
	slices.Sort(e.replicas)
	e.replicas = slices.DeleteFunc(slices.Compact(e.replicas), func(a string) bool { return a == e.master })
	return e
}

// outdated tells whether the answers are of before what is known: so many reports
// of the given number of Sentinels name an earlier configuration than epoch. If
// most do, they have begun anew, and are believed.
func (e election) outdated(epoch, reports, sentinels int) bool {
	return e.epoch < epoch && 2*reports <= sentinels
}
