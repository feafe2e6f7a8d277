import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NetworkNamespace } from '../helpers/netns.js';
import { writeToolsArchive } from '../helpers/tools-image.js';
import { KNOWN_DIFFERENCES } from './known-differences.js';
import { openSides, type Shown } from './sides.js';

/** A web server, Redis and a client: names, health, ports, several networks, a volume, a profile. */
const PROJECT = `
services:
  web:
    image: \${COMPOSE_PROJECT_NAME}-tools
    command: sh -c 'echo "\${GREETING:-hello}" > /www/index.html && exec httpd -f -p 80 -h /www'
    ports: ["18080:80", "127.0.0.1:18081:81/udp"]
    networks: [front, back]
    depends_on: {cache: {condition: service_healthy}}
  cache:
    image: \${COMPOSE_PROJECT_NAME}-tools
    command: redis-server --save 60 1 --protected-mode no --dir /data
    networks: {back: {aliases: [redis]}}
    volumes: [data:/data]
    healthcheck: {test: [CMD, redis-cli, ping], interval: 200ms, timeout: 5s, retries: 50}
  client:
    image: \${COMPOSE_PROJECT_NAME}-tools
    command: sh -c 'wget -q -O - http://web/; redis-cli -h redis incr visits; exec sleep 600'
    stop_grace_period: 0s
    networks: [front, back]
    depends_on: {web: {condition: service_started}, cache: {condition: service_healthy}}
  extra:
    image: \${COMPOSE_PROJECT_NAME}-tools
    command: sleep 600
    stop_grace_period: 0s
    networks: [front]
    profiles: [more]
networks:
  front: {}
  back: {internal: true}
volumes:
  data: {}
`;

/** `c` is docker compose on the project; what it says of its progress comes in any order. */
const PREAMBLE = `
export COMPOSE_PROJECT_NAME=$N
docker import $TOOLS $N-tools >/dev/null
c() { docker compose "$@"; }
progress() { docker compose --progress plain "$@" 2>&1 | sort -u; }
ps() { c --profile more ps -a --format '{{.Name}} {{.Service}} {{.State}} {{.Health}} {{.Ports}}' | sort; }
`;
const CLEAN_UP = `
c --profile more down -v -t 0 >/dev/null 2>&1
docker rmi $N-tools >/dev/null
`;

const SCRIPTS: Record<string, string> = {
  'up, and what it looks like': `
    progress up -d; ps; c port web 80; c port --protocol udp web 81; c port cache 6379
    until c logs --no-log-prefix client | grep -q 1; do :; done; c logs --no-log-prefix client
    for n in front back; do docker network inspect -f '{{.Name}} {{.Driver}} {{.Internal}} {{.Attachable}} {{json .Options}}' "$N"_$n; docker network inspect -f '{{range .Containers}}{{println .Name}}{{end}}' "$N"_$n | sort; done
    docker network inspect -f '{{json .Labels}}' "$N"_back | tr , '\\n' | grep -v hash
    docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{println $n $e.Aliases $e.DNSNames}}{{end}}{{json .NetworkSettings.Ports}}' $N-web-1
    docker volume inspect -f '{{.Name}} {{.Driver}}' "$N"_data; c exec -T cache redis-cli get visits; c top cache | wc -l; c ls -q | grep -c "^$N$"`,
  'up again, after changes, at another scale, restarts': `
    progress up -d >/dev/null; progress up -d; GREETING=other progress up -d; ps
    c run --rm -T client wget -q -O - http://web/ 2>/dev/null
    progress restart cache; progress stop client; progress start client; progress up -d --scale cache=3 | grep -c Started; ps
    c run --rm -T client nslookup -type=a cache. 2>/dev/null | grep -c '^Address: '; progress up -d --scale cache=1 | grep -c Removed; ps`,
  'profiles, one-off commands, and what is left': `
    progress --profile more up -d extra; ps; c run --rm -T client echo once 2>/dev/null; c kill client 2>/dev/null; ps
    progress --profile more down -v; docker ps -aq --filter label=com.docker.compose.project=$N; docker volume ls -q --filter name=$N; docker network ls -q --filter name=$N; echo left`,
};

const directory = mkdtempSync(join(tmpdir(), 'tdt-compose-'));
const env = { COMPOSE_FILE: join(directory, 'compose.yaml'), TOOLS: join(directory, 'tools.tar') };
writeFileSync(env.COMPOSE_FILE, PROJECT);
writeToolsArchive(env.TOOLS);
const host = NetworkNamespace.make();
const sides = await openSides({ network: host, env, deadline: 180_000 });
after(async () => {
  await sides.close();
  host.remove();
  rmSync(directory, { recursive: true });
});

/** A port is published to the addresses of IPv6 as well by a program of dockerd, though the container has none. */
const withoutProxy = (text: string): string =>
  text.replace(/, \[::\]:\d+->\d+\/\w+/g, '').replace(/,?\{"HostIp":"::","HostPort":"\d+"\}/g, '');
const comparable = ({ stdout, stderr, code }: Shown) => {
  const known = (text: string) => KNOWN_DIFFERENCES.reduce((shown, { apply }) => apply(shown), withoutProxy(text));
  return { stdout: known(stdout), stderr: known(stderr), code };
};

for (const [name, script] of Object.entries(SCRIPTS)) {
  test(`docker compose: ${name}`, async () => {
    const whole = `${PREAMBLE}${script}${CLEAN_UP}`;
    const [ours, reference] = await Promise.all([sides.ours.run(whole), sides.reference.run(whole)]);
    assert.match(ours.stdout, /NAME/);
    assert.deepEqual(comparable(ours), comparable(reference));
  });
}
