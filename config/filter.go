package config

import (
	"slices"
	"strconv"
	"strings"
)

const (
	maxFilters     = 32       // of one listener, and of one route
	maxFilterNames = 32       // fields that one filter removes
	maxReplyBody   = 64 << 10 // bytes of a fixed reply
)

// filters reads [[listener.filter]] or [[listener.route.filter]].
func filters(above *table) []Filter {
	var all []Filter
	for _, t := range above.list("filter", maxFilters) {
		all = append(all, filter(t))
	}
	return all
}

// action is one thing that a filter can do: its key and what reads it.
type action struct {
	name string
	read func(f *Filter, t *table, name string) (literal string)
}

// actions are all of them, in the order of the reference.
func actions() []action {
	return []action{
		{"set_request", fieldsOf(func(f *Filter) *[]Header { return &f.SetRequest })},
		{"add_request", fieldsOf(func(f *Filter) *[]Header { return &f.AddRequest })},
		{"remove_request", namesOf(func(f *Filter) *[]string { return &f.RemoveRequest })},
		{"set_reply", fieldsOf(func(f *Filter) *[]Header { return &f.SetReply })},
		{"add_reply", fieldsOf(func(f *Filter) *[]Header { return &f.AddReply })},
		{"remove_reply", namesOf(func(f *Filter) *[]string { return &f.RemoveReply })},
		{"rewrite", rewrite}, {"redirect", redirect}, {"reply", fixedReply}, {"split", split},
	}
}

// filter reads one filter, of which the file sets exactly one key. Only that is
// shown: the others have no default.
func filter(t *table) Filter {
	defer t.done()
	f := Filter{Key: t.key}
	var names, given []string
	for _, a := range actions() {
		names = append(names, a.name)
		if _, set := t.values[a.name]; !set {
			t.asked = append(t.asked, a.name) // known here all the same
			continue
		}
		given = append(given, a.name)
		literal := a.read(&f, t, a.name)
		t.at(a.name).settle(literal, byDefault)
	}
	switch {
	case len(given) == 0 && len(t.values) == 0:
		t.r.problem(t.line, t.key, "empty: expected one of %s", strings.Join(names, ", "))
	case len(given) > 1:
		t.at(given[1]).fail("a filter has one action, and this one has %s already: open another [[filter]], they are performed in order", given[0])
	}
	return f
}

func fieldsOf(list func(*Filter) *[]Header) func(*Filter, *table, string) string {
	return func(f *Filter, t *table, name string) string {
		all := headers(t, name)
		if len(all) == 0 && !t.bad[name] {
			t.at(name).fail(`expected at least one field, such as { "X-Tier" = "gold" }`)
		}
		*list(f) = all
		return headersLiteral(all)
	}
}

func namesOf(list func(*Filter) *[]string) func(*Filter, *table, string) string {
	return func(f *Filter, t *table, name string) string {
		names := t.field(name).texts(maxFilterNames, checkToken)
		if len(names) == 0 && !t.bad[name] {
			t.at(name).fail(`expected at least one name of a field, such as ["Cookie"]`)
		}
		*list(f) = names
		return quoteList(names)
	}
}

// part opens the table of an action whose keys are shown as one setting.
func part(t *table, name string) *table {
	p := t.table(name)
	p.silent = true
	return p
}

func rewrite(f *Filter, t *table, name string) string {
	p := part(t, name)
	defer p.done()
	f.Rewrite = &Rewrite{
		Prefix: p.mustText("prefix", `a path such as "/v1/"`, checkPathPrefix),
		To:     p.mustText("to", `a path such as "/"`, checkPathPrefix),
	}
	return "{ prefix = " + quote(f.Rewrite.Prefix) + ", to = " + quote(f.Rewrite.To) + " }"
}

func redirect(f *Filter, t *table, name string) string {
	p := part(t, name)
	defer p.done()
	r := &Redirect{Status: p.count("status", 302, 301, 308), HTTPS: p.flag("https", false), Host: p.text("host", "", nil)}
	literal := "{ status = " + strconv.Itoa(r.Status) + ", https = " + strconv.FormatBool(r.HTTPS) + ", host = " + quote(r.Host)
	r.Prefix, r.To = p.text("prefix", "", checkPathPrefix), p.text("to", "", checkPathPrefix)
	p.cross((r.Prefix == "") == (r.To == ""), "prefix", "to", "prefix and to go together: to takes prefix's place")
	if r.Prefix != "" {
		literal += ", prefix = " + quote(r.Prefix) + ", to = " + quote(r.To)
	}
	f.Redirect = r
	return literal + " }"
}

func fixedReply(f *Filter, t *table, name string) string {
	p := part(t, name)
	defer p.done()
	f.Reply = &Reply{
		Status: p.count("status", 200, 200, 599),
		Type:   p.text("type", "text/plain; charset=utf-8", checkFieldValue),
		Body: p.text("body", "", func(s string) error {
			if len(s) > maxReplyBody {
				return complain("%d bytes, more than the limit of %s", len(s), sizeText(maxReplyBody))
			}
			return nil
		}),
	}
	return "{ status = " + strconv.Itoa(f.Reply.Status) + ", type = " + quote(f.Reply.Type) + ", body = " + quote(f.Reply.Body) + " }"
}

func split(f *Filter, t *table, name string) string {
	p := part(t, name)
	defer p.done()
	if _, set := p.values["percent"]; !set && !t.bad[name] {
		p.at("percent").fail("missing: expected the share of the requests that is switched, from 0 to 100")
	}
	f.Split = &Split{
		Percent:  p.number("percent", 0, 100),
		Upstream: p.mustText("upstream", "the name of an upstream", checkNamed),
		Sticky:   p.text("sticky", "request_id", checkSticky),
	}
	return "{ percent = " + floatLiteral(f.Split.Percent) + ", upstream = " + quote(f.Split.Upstream) + ", sticky = " + quote(f.Split.Sticky) + " }"
}

func checkSticky(s string) error {
	kind, name, named := strings.Cut(s, ":")
	switch {
	case !named && slices.Contains([]string{"client", "request_id"}, s):
		return nil
	case named && (kind == "header" || kind == "cookie"):
		return checkToken(name)
	}
	return complain(`expected "header:NAME", "cookie:NAME", "client" or "request_id", got %s`, shown(s))
}
