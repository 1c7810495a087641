package redis

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestErrorsDoNotTellThePassword(t *testing.T) {
	for _, text := range []string{
		"ERR unknown command 'AUTH', with args beginning with: 'user' 'secret' ",
		"ERR unknown command 'AUTH', with args beginning with: 'user' 'sec",
		"ERR secret is wrong",
	} {
		cause := errors.New(text)
		err := fmt.Errorf("at: %w", Login{"user", "secret"}.hide(cause))
		if strings.Contains(err.Error(), "sec") || !strings.HasPrefix(err.Error(), "at: ERR ") || !errors.Is(err, cause) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := errors.New("refused"); (Login{}).hide(err) != err {
		t.Error("an error without secrets is another")
	}
}
