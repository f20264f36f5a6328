/* Floor of speed for list-append: how fast six levels can be decided in C. No checker: keys and values are integers, there
   are no words and no direct anomalies. Reads JSON lines of splitbrain, prints CPU seconds of reading and of deciding,
   then the number of cyclic components for read uncommitted, read committed, snapshot isolation, serializable, strong
   snapshot isolation and strict serializable.
     cc -O2 -o floor transactions_floor.c && ./floor history.jsonl */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WW = 1, WR = 2, RW = 4, RT = 8, NX = 16 }; /* NX goes on behind an RW that ends in a helper node */
enum { PROCESSES = 1 << 20 };

typedef struct { int key, txn, from, size; } Read;
typedef struct { int key, value, txn; } Append;
typedef struct { int from, to; unsigned char kind; } Edge;

static Read *reads;
static Append *appends;
static int *elements, *events; /* events: txn + 1 where one begins, its negative where one succeeds */
static char *ended;
static Edge *edges;
static int read_count, append_count, element_count, event_count, txn_count, nodes;
static size_t edge_count, read_room, append_room, element_room, event_room, txn_room, edge_room;
static size_t *starts, *next_edge;
static int *targets, *met, *low, *stack, *path;
static unsigned char *kinds;
static uint64_t *slots, mask;
static int *slot_of;

#define GROW(rows, count, room) \
    if ((size_t)(count) >= (room)) { (room) = (room) ? 2 * (room) : 1024; (rows) = realloc(rows, sizeof *(rows) * (room)); }

static double cpu(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static uint64_t *slot(int key, int value) {
    uint64_t wanted = ((uint64_t)(uint32_t)key << 32 | (uint32_t)value) + 1, at = wanted ^ wanted >> 31;
    at = (at * 0x9E3779B97F4A7C15ull >> 20) & mask;
    while (slots[at] && slots[at] != wanted) at = (at + 1) & mask;
    if (!slots[at]) { slots[at] = wanted; slot_of[at] = -1; }
    return slots + at;
}

static void add(int from, int to, int kind) {
    if (from == to) return;
    GROW(edges, edge_count, edge_room);
    edges[edge_count++] = (Edge){from, to, (unsigned char)kind};
}

static void parse(char *at) {
    int *open = malloc(sizeof(int) * PROCESSES);
    while (*at) {
        char *word = strstr(at, "\"process\":");
        int process = atoi(word + 10), txn;
        word = strstr(word, "\"type\":\"") + 8;
        int begins = word[0] == 'i' && word[2] == 'v', ok = word[0] == 'o';
        if (begins) {
            GROW(ended, txn_count, txn_room);
            txn = open[process] = txn_count++;
            ended[txn] = 'i';
        } else {
            txn = open[process];
            ended[txn] = word[0];
        }
        if (begins || ok) {
            GROW(events, event_count, event_room);
            events[event_count++] = begins ? txn + 1 : -(txn + 1);
        }
        word = strstr(word, "\"value\":[") + 9;
        while (*word == '[' || *word == ',') {
            if (*word == ',') { word++; continue; }
            int append = word[2] == 'a', key;
            word = strchr(word, ',') + 1;
            key = strtol(word, &word, 10);
            word++;
            if (append) {
                int value = strtol(word, &word, 10);
                if (begins) { GROW(appends, append_count, append_room); appends[append_count++] = (Append){key, value, txn}; }
            } else {
                int from = element_count;
                if (*word == 'n') word += 4;
                else {
                    for (word++; *word != ']';) {
                        if (*word == ',') { word++; continue; }
                        int value = strtol(word, &word, 10);
                        if (ok) { GROW(elements, element_count, element_room); elements[element_count++] = value; }
                    }
                    word++;
                }
                if (ok) { GROW(reads, read_count, read_room); reads[read_count++] = (Read){key, txn, from, element_count - from}; }
            }
            word++;
        }
        at = strchr(word, '\n');
        if (!at) break;
        at++;
    }
}

static void dependencies(void) {
    int keys = 0, i, k, j;
    for (mask = 1; mask < (uint64_t)append_count * 4; mask <<= 1) {}
    slots = calloc(mask, 8);
    slot_of = malloc(mask * 4);
    mask--;
    for (i = 0; i < append_count; i++) {
        slot_of[slot(appends[i].key, appends[i].value) - slots] = i;
        if (appends[i].key >= keys) keys = appends[i].key + 1;
    }
    for (i = 0; i < read_count; i++) if (reads[i].key >= keys) keys = reads[i].key + 1;
    int *longest = malloc(4 * (size_t)keys + 4), *begins = malloc(4 * (size_t)keys + 8), bad = 0;
    memset(longest, 0xff, 4 * (size_t)keys);
    for (i = 0; i < read_count; i++)
        if (reads[i].size && (longest[reads[i].key] < 0 || reads[i].size > reads[longest[reads[i].key]].size)) longest[reads[i].key] = i;
    for (i = 0; i < read_count; i++)
        if (reads[i].size && memcmp(elements + reads[i].from, elements + reads[longest[reads[i].key]].from, 4 * (size_t)reads[i].size)) bad++;
    for (begins[0] = k = 0; k < keys; k++) begins[k + 1] = begins[k] + (longest[k] < 0 ? 0 : reads[longest[k]].size);
    int *order = malloc(4 * (size_t)begins[keys] + 4);
    char *seen = calloc(append_count + 1, 1);
    for (k = 0; k < keys; k++)
        for (j = begins[k]; j < begins[k + 1]; j++) {
            i = slot_of[slot(k, elements[reads[longest[k]].from + j - begins[k]]) - slots];
            order[j] = i < 0 ? 0 : i;
            seen[order[j]] = 1;
        }
    nodes = txn_count + keys; /* the helper of a key stands before its appends that nobody read */
    for (k = 0; k < keys; k++)
        for (j = begins[k] + 1; j < begins[k + 1]; j++) add(appends[order[j - 1]].txn, appends[order[j]].txn, WW);
    int *unread_at = calloc((size_t)keys + 2, 4), *unread;
    for (i = 0; i < append_count; i++) if (!seen[i] && ended[appends[i].txn] == 'o') unread_at[appends[i].key + 2]++;
    for (k = 0; k < keys; k++) unread_at[k + 2] += unread_at[k + 1];
    unread = malloc(4 * (size_t)unread_at[keys + 1] + 4);
    for (i = 0; i < append_count; i++)
        if (!seen[i] && ended[appends[i].txn] == 'o') {
            k = appends[i].key;
            unread[unread_at[k + 1]++] = appends[i].txn;
            if (begins[k + 1] > begins[k]) add(appends[order[begins[k + 1] - 1]].txn, appends[i].txn, WW);
            add(txn_count + k, appends[i].txn, NX);
        }
    for (i = 0; i < read_count; i++) {
        int size = reads[i].size, txn = reads[i].txn, own = 0;
        k = reads[i].key;
        if (size) add(appends[order[begins[k] + size - 1]].txn, txn, WR);
        if (size < begins[k + 1] - begins[k]) { add(txn, appends[order[begins[k] + size]].txn, RW); continue; }
        for (j = unread_at[k]; j < unread_at[k + 1]; j++) own |= unread[j] == txn;
        if (!own && unread_at[k + 1] > unread_at[k]) add(txn, txn_count + k, RW);
        for (j = unread_at[k]; own && j < unread_at[k + 1]; j++) add(txn, unread[j], RW);
    }
    printf("incompatible %d\n", bad);
}

static void real_time(void) {
    int *waiting = malloc(4 * (size_t)txn_count + 4), count = 0, barrier = -1, i, j;
    for (i = 0; i < event_count; i++) {
        if (events[i] < 0) { waiting[count++] = -events[i] - 1; continue; }
        if (count) {
            if (barrier >= 0) add(barrier, nodes, RT);
            for (j = 0; j < count; j++) add(waiting[j], nodes, RT);
            count = 0;
            barrier = nodes++;
        }
        if (barrier >= 0) add(barrier, events[i] - 1, RT);
    }
}

static void follow(void) {
    size_t i, room = 2 * (size_t)nodes + 2;
    starts = calloc((size_t)nodes + 2, sizeof *starts);
    targets = malloc(4 * edge_count + 4);
    kinds = malloc(edge_count + 1);
    for (i = 0; i < edge_count; i++) starts[edges[i].from + 2]++;
    for (i = 2; i < (size_t)nodes + 2; i++) starts[i] += starts[i - 1];
    for (i = 0; i < edge_count; i++) {
        size_t place = starts[edges[i].from + 1]++;
        targets[place] = edges[i].to;
        kinds[place] = edges[i].kind;
    }
    met = malloc(4 * room); low = malloc(4 * room); stack = malloc(4 * room); path = malloc(4 * room);
    next_edge = malloc(sizeof *next_edge * room);
}

/* Components with a cycle, by Tarjan. layered: node 2v+1 is v reached by an RW, after which no other RW may follow. */
static int cyclic(int kept, int layered) {
    int count = layered ? 2 * nodes : nodes, numbered = 0, height = 0, found = 0;
    memset(met, 0, 4 * (size_t)count);
    for (int root = 0; root < count; root++) {
        if (met[root]) continue;
        int depth = 0;
        path[0] = stack[height++] = root;
        next_edge[root] = starts[layered ? root >> 1 : root];
        met[root] = low[root] = ++numbered;
        while (depth >= 0) {
            int node = path[depth], txn = layered ? node >> 1 : node, layer = layered ? node & 1 : 0, to;
            if (next_edge[node] < starts[txn + 1]) {
                size_t edge = next_edge[node]++;
                int kind = kinds[edge];
                if (!(kind & kept) || (layered && kind == RW && layer)) continue;
                to = !layered ? targets[edge] : 2 * targets[edge] + (kind == RW ? 1 : kind == NX ? layer : 0);
                if (!met[to]) {
                    met[to] = low[to] = ++numbered;
                    stack[height++] = path[++depth] = to;
                    next_edge[to] = starts[layered ? to >> 1 : to];
                } else if (met[to] > 0 && met[to] < low[node]) low[node] = met[to];
                continue;
            }
            depth--;
            if (low[node] == met[node]) {
                int size = 0, other;
                do { other = stack[--height]; met[other] = -1; size++; } while (other != node);
                found += size > 1;
            }
            if (depth >= 0 && low[node] < low[path[depth]]) low[path[depth]] = low[node];
        }
    }
    return found;
}

int main(int count, char **words) {
    FILE *file = count > 1 ? fopen(words[1], "rb") : NULL;
    if (!file) return 2;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = malloc(size + 1);
    if (fread(text, 1, size, file) != (size_t)size) return 2;
    text[size] = 0;
    double before = cpu();
    parse(text);
    double read = cpu() - before;
    free(text);
    before = cpu();
    dependencies();
    real_time();
    follow();
    int found[] = {cyclic(WW, 0), cyclic(WW | WR, 0), cyclic(WW | WR | RW | NX, 1), cyclic(WW | WR | RW | NX, 0),
                   cyclic(WW | WR | RW | NX | RT, 1), cyclic(WW | WR | RW | NX | RT, 0)};
    printf("read %.3f\njudge %.3f\ncyclic", read, cpu() - before);
    for (int i = 0; i < 6; i++) printf(" %d", found[i]);
    printf("\n");
    return 0;
}
