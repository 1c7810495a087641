// The floor: a proxy that knows no protocol. One thread copies bytes between
// each client's connection and one backend connection of its own, so it does no
// more than two reads and two writes a request and its share of epoll.
//
// usage: bytecopy ADDRESS:PORT BACKEND:PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 64 << 10, EVENTS = 256 };

// A side has the bytes that its own socket would not take yet; while it has
// some, nothing more is read from the other.
struct side {
	int fd, ended; // ended: it sends no more
	char *rest;
	size_t len;
	struct side *other;
	struct pair *pair;
};

struct pair { struct side client, backend; int over; struct pair *next; };

static int epfd, listener;
static struct sockaddr_in backend;
static struct pair *finished; // freed when no event can name them any more

static void die(const char *what) { perror(what); exit(1); }

static void watch(struct side *s, int op) {
	unsigned events = (s->len ? EPOLLOUT : 0) | (!s->other->len && !s->ended ? EPOLLIN : 0);
	struct epoll_event e = {.events = events, .data.ptr = s};
	if (epoll_ctl(epfd, op, s->fd, &e) < 0) die("epoll_ctl");
}

static void end(struct pair *p) {
	if (p->over) return;
	p->over = 1;
	close(p->client.fd);
	close(p->backend.fd);
	p->next = finished;
	finished = p;
}

static void release(void) {
	for (struct pair *p; (p = finished);) {
		finished = p->next;
		free(p->client.rest);
		free(p->backend.rest);
		free(p);
	}
}

// copy brings what s has sent across. Returns -1 when the pair is over.
static int copy(struct side *s) {
	static char buffer[BUFFER];
	struct side *to = s->other;
	ssize_t n = recv(s->fd, buffer, BUFFER, 0);
	if (n < 0) return errno == EAGAIN ? 0 : -1;
	if (n == 0) { // to has no rest, or s were not read
		s->ended = 1;
		shutdown(to->fd, SHUT_WR);
		if (to->ended) return -1;
		watch(s, EPOLL_CTL_MOD);
		return 0;
	}
	ssize_t sent = send(to->fd, buffer, n, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) return -1;
	if (sent < 0) sent = 0;
	if (sent == n) return 0;
	if (!to->rest) to->rest = malloc(BUFFER);
	memcpy(to->rest, buffer + sent, to->len = n - sent);
	watch(s, EPOLL_CTL_MOD);
	watch(to, EPOLL_CTL_MOD);
	return 0;
}

static int flush(struct side *s) {
	ssize_t n = send(s->fd, s->rest, s->len, MSG_NOSIGNAL);
	if (n < 0) return errno == EAGAIN ? 0 : -1;
	memmove(s->rest, s->rest + n, s->len -= n);
	if (s->len) return 0;
	watch(s, EPOLL_CTL_MOD);
	watch(s->other, EPOLL_CTL_MOD);
	return 0;
}

static void take(void) {
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) die("accept");
	if (fd < 0) return;
	// On loopback connect is over at once; a backend elsewhere would stop all.
	int up = socket(AF_INET, SOCK_STREAM, 0);
	if (up < 0 || connect(up, (struct sockaddr *)&backend, sizeof backend) < 0) { close(fd); close(up); return; }
	fcntl(up, F_SETFL, O_NONBLOCK);
	struct pair *p = calloc(1, sizeof *p);
	p->client = (struct side){.fd = fd, .other = &p->backend, .pair = p};
	p->backend = (struct side){.fd = up, .other = &p->client, .pair = p};
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(up, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	watch(&p->client, EPOLL_CTL_ADD);
	watch(&p->backend, EPOLL_CTL_ADD);
}

static struct sockaddr_in parse(char *text) {
	struct sockaddr_in a = {.sin_family = AF_INET};
	char *colon = strrchr(text, ':');
	if (!colon) { fprintf(stderr, "no ADDRESS:PORT: %s\n", text); exit(2); }
	*colon = 0;
	a.sin_port = htons(atoi(colon + 1));
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1) { fprintf(stderr, "no IPv4 address: %s\n", text); exit(2); }
	return a;
}

int main(int argc, char **argv) {
	struct rlimit files;
	int one = 1;
	if (argc != 3) { fprintf(stderr, "usage: bytecopy ADDRESS:PORT BACKEND:PORT\n"); return 2; }
	if (!getrlimit(RLIMIT_NOFILE, &files)) { files.rlim_cur = files.rlim_max; setrlimit(RLIMIT_NOFILE, &files); }
	struct sockaddr_in own = parse(argv[1]);
	backend = parse(argv[2]);
	epfd = epoll_create1(0);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&own, sizeof own) < 0 || listen(listener, 4096) < 0) die("listen");
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &e) < 0) die("epoll_ctl");
	for (;;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(epfd, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct side *s = events[i].data.ptr;
			if (!s) { take(); continue; }
			if (s->pair->over) continue;
			// A broken connection tells so when it is next read or written; one that
			// hung up and is not read at present would be told of for ever.
			int over = 0;
			if (events[i].events & EPOLLOUT) over = flush(s);
			else if (events[i].events & EPOLLIN) over = copy(s);
			else over = -1;
			if (over < 0) end(s->pair);
		}
		release();
	}
}
