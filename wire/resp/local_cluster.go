package resp

import "strconv"

// cluster answers as a cluster of one node that has all slots: the sidecar, at
// the address that the client connected to. So clients of clusters send all of
// their commands here.
func (c *clientState) cluster(dst []byte, sub string, q localQuery) []byte {
	switch sub {
	case "slots":
		dst = append(dst, "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n"...)
		dst = AppendBulk(dst, c.host)
		dst = AppendInt(dst, int64(c.port))
		dst = AppendBulk(dst, q.env.id)
		return AppendMap(dst, c.version, 0)
	case "shards":
		return c.shards(dst, q.env)
	case "nodes":
		return AppendVerbatim(dst, c.version, c.nodes(nil, q.env))
	case "info":
		return AppendVerbatim(dst, c.version, []byte(clusterInfo))
	case "myid", "myshardid":
		return AppendBulk(dst, q.env.id)
	case "keyslot":
		return AppendInt(dst, int64(Slot(q.arg(2))))
	case "links":
		return AppendArray(dst, 0)
	case "replicas", "slaves":
		if string(q.arg(2)) == q.env.id {
			return AppendArray(dst, 0)
		}
		dst = append(dst, "-ERR Unknown node "...)
		return append(appendText(dst, shown(q.arg(2), shownText)), "\r\n"...)
	default:
		return appendHelp(dst, "cluster")
	}
}

const clusterInfo = "cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:16384\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:0\r\n" +
	"cluster_known_nodes:1\r\ncluster_size:1\r\ncluster_current_epoch:0\r\ncluster_my_epoch:0\r\n" +
	"cluster_stats_messages_sent:0\r\ncluster_stats_messages_received:0\r\ntotal_cluster_links_buffer_limit_exceeded:0\r\n"

func (c *clientState) shards(dst []byte, env *localEnv) []byte {
	dst = AppendArray(dst, 1)
	dst = AppendMap(dst, c.version, 2)
	dst = append(dst, "$5\r\nslots\r\n*2\r\n:0\r\n:16383\r\n$5\r\nnodes\r\n*1\r\n"...)
	facts := 6 // a port is told where there is one: not to a client of a Unix socket
	if c.port > 0 {
		facts++
	}
	dst = AppendMap(dst, c.version, facts)
	dst = AppendBulk(append(dst, "$2\r\nid\r\n"...), env.id)
	if c.port > 0 {
		dst = AppendInt(append(dst, "$4\r\nport\r\n"...), int64(c.port))
	}
	dst = AppendBulk(append(dst, "$2\r\nip\r\n"...), c.host)
	dst = AppendBulk(append(dst, "$8\r\nendpoint\r\n"...), c.host)
	return append(dst, "$4\r\nrole\r\n$6\r\nmaster\r\n$18\r\nreplication-offset\r\n:0\r\n$6\r\nhealth\r\n$6\r\nonline\r\n"...)
}

// nodes is the one line of CLUSTER NODES. The port behind @ is of a bus between
// nodes, which there is none of.
func (c *clientState) nodes(dst []byte, env *localEnv) []byte {
	dst = append(append(dst, env.id...), ' ')
	dst = append(append(dst, c.host...), ':')
	dst = strconv.AppendInt(dst, int64(c.port), 10)
	return append(dst, "@0 myself,master - 0 0 0 connected 0-16383\n"...)
}
