import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectTemplate } from './inspect-format.js';

const CONTAINER = {
  Name: '/web',
  State: { Status: 'running' },
  Config: { Labels: { a: 'b' }, Entrypoint: null, Volumes: null },
  HostConfig: { Binds: null, PidsLimit: null, PortBindings: {} },
};

const render = (source: string) => inspectTemplate(source).render(CONTAINER);

test('what is null prints by its type, and as null in JSON', () => {
  const source = '{{.HostConfig.Binds}} {{.HostConfig.PidsLimit}} {{.Config.Volumes}} {{.Config.Entrypoint}}';
  assert.equal(render(source), '[] <nil> map[] []');
  assert.equal(
    render('{{json .HostConfig.Binds}} {{json .HostConfig}}'),
    'null {"Binds":null,"PidsLimit":null,"PortBindings":{}}',
  );
  assert.equal(
    render('{{len .HostConfig.Binds}}{{range .HostConfig.Binds}}x{{end}}{{if .HostConfig.Binds}}x{{end}}'),
    '0',
  );
  assert.equal(render('{{join .Config.Entrypoint ","}}|{{index .Config.Volumes "a"}}|'), '||');
});

test('what the API leaves out when it is empty is empty; a missing key of a map is no value', () => {
  assert.equal(render('{{.State.Health}} "{{.Config.StopSignal}}" {{.Config.ExposedPorts}}'), '<nil> "" map[]');
  assert.equal(render('{{.Config.Labels.zz}} {{.Config.Labels.a}}'), '<no value> b');
});

test('what is in no container is an error', () => {
  assert.throws(() => render('{{.Foo}}'), /executing "" at <.Foo>: map has no entry for key "Foo"/);
  assert.throws(() => render('{{.State.Health.Status}}'), /map has no entry for key "Health"/);
});
