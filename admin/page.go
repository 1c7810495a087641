package admin

import (
	"io"
	"net/url"
)

// Page is one page of the admin port that its builder brings along.
type Page struct {
	// Path is exact, such as "/upstreams", or has names in braces for its
	// parts, "/upstreams/{upstream}/reset", or for its rest, "{name...}". Get
	// and Post find them among the values, under those names.
	Path string
	// Help is one line for people, without the path.
	Help string
	// Kind is the type of what Get writes.
	Kind Kind
	// Get writes the page; nil: there is none. It is called by several
	// goroutines at once. What it wrote is dropped if it returns an error,
	// which is told as 500, or as 400 if it is a BadRequest.
	Get func(w io.Writer, query url.Values) error
	// Post makes a change and says in a sentence what was done; nil: there is
	// nothing to change. It is given the query and the form together.
	Post func(form url.Values) (string, error)
	// Steers: Post steers traffic and needs Params.Actions.
	Steers bool
}

// Kind is the type of a page.
type Kind uint8

// The kinds of pages.
const (
	JSON Kind = iota
	Text
	HTML
)

const (
	jsonType = "application/json; charset=utf-8"
	textType = "text/plain; charset=utf-8"
	htmlType = "text/html; charset=utf-8"
)

func (k Kind) contentType() string {
	switch k {
	case JSON:
		return jsonType
	case HTML:
		return htmlType
	default:
		return textType
	}
}

// BadRequest is an error of a page that the asker made: a word of the query
// that is not understood. It should say what would have been.
type BadRequest string

func (b BadRequest) Error() string { return string(b) }
