package resp

import "time"

// LocalSettings are what a listener's clients are told where no server is asked.
type LocalSettings struct {
	Users    *Users  // nil: nobody needs a password
	Policy   *Policy // nil: everything is allowed
	Database int     // of the upstream
	NoRESP3  bool    // HELLO 3 is refused
	Version  string  // the sidecar's own
	Redis    string  // the version of Redis that is told; "" is that of the table
	ID       string  // 40 hexadecimal digits, the same while the process lives
	Started  time.Time
	Clients  func() int // of the listener, nil: not known
}

// env are the settings as local answers go by them.
func (s *LocalSettings) env() *localEnv {
	clients := s.Clients
	if clients == nil {
		clients = func() int { return 1 }
	}
	return &localEnv{
		users: s.Users, policy: s.Policy, database: s.Database, noRESP3: s.NoRESP3,
		version: s.Version, redis: s.Redis, id: s.ID, started: s.Started, clients: clients,
	}
}
