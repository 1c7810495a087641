package resp

// Why commands are refused; what a client reads behind "refused".
const (
	whyMonitor     = "every command of every client would be told; use the server itself"
	whyReplication = "replication is between servers"
	whyServer      = "it changes or inspects one server; use the server itself"
	whyUsers       = "users are of one server; use the server itself"
	whyShared      = "the connections of a server are shared with other clients"
	whyScript      = "the script may be another client's; use the server itself"
	whyAbout       = "it is about one server; use the server itself"
	whyMoved       = "keys are moved between servers"
	whyCluster     = "the cluster is managed at its own nodes"
	whySub         = "needs one of its subcommands"
)
