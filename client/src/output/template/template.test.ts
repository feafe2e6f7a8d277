import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Template } from './evaluate.js';
import { TemplateError } from './lexer.js';

const DATA = {
  ID: 'abc',
  Name: '/web',
  State: { Running: true, Pid: 42, Error: '' },
  Env: ['A=1', 'B=2'],
  None: [],
  Labels: { 'a.b': 'x', z: 'y' },
  Nothing: null,
  Big: 1795472291712108817n,
  Label: (name: unknown) => `label ${name}`,
};

const render = (source: string, data: unknown = DATA) => new Template(source).render(data);

test('fields, text around them and dots', () => {
  assert.equal(render('{{.ID}} is {{ .State.Pid }}'), 'abc is 42');
  assert.equal(render('{{.}}', 'x'), 'x');
  assert.equal(render('no action'), 'no action');
  assert.equal(render('{{"{{"}} }}'), '{{ }}');
});

test('values print as Go prints them', () => {
  assert.equal(render('{{.State.Running}} {{.Env}} {{.None}} {{.Labels}}'), 'true [A=1 B=2] [] map[a.b:x z:y]');
  assert.equal(render('{{.Nothing}} {{.Big}} {{1}} {{1.5}} {{0x10}}'), '<nil> 1795472291712108817 1 1.5 16');
});

test('if, else if, with, range and their empty cases', () => {
  assert.equal(render('{{if .State.Running}}up{{else}}down{{end}}'), 'up');
  assert.equal(render('{{if .State.Error}}a{{else if .None}}b{{else if .ID}}c{{else}}d{{end}}'), 'c');
  assert.equal(render('{{with .State}}{{.Pid}}{{end}}{{with .Nothing}}x{{else}}y{{end}}'), '42y');
  assert.equal(render('{{range .Env}}[{{.}}]{{end}}'), '[A=1][B=2]');
  assert.equal(render('{{range .None}}x{{else}}none{{end}}'), 'none');
  assert.equal(render('{{range $i, $e := .Env}}{{$i}}={{$e}};{{end}}'), '0=A=1;1=B=2;');
  assert.equal(render('{{range $k, $v := .Labels}}{{$k}}:{{$v}} {{end}}'), 'a.b:x z:y ');
  assert.equal(render('{{range .Env}}{{$.ID}}{{break}}{{end}}'), 'abc');
  assert.equal(render('{{range $i, $e := .Env}}{{if eq $i 0}}{{continue}}{{end}}{{$e}}{{end}}'), 'B=2');
});

test('variables', () => {
  assert.equal(render('{{$x := .ID}}{{$x}}{{if true}}{{$x = "new"}}{{end}}{{$x}}'), 'abcnew');
  assert.equal(render('{{$s := .State}}{{$s.Pid}}'), '42');
});

test('pipelines, parentheses and methods', () => {
  assert.equal(render('{{.ID | upper | printf "%s-%s" "x"}}'), 'x-ABC');
  assert.equal(render('{{(index .Env 1) | lower}} {{len (split .Name "e")}}'), 'b=2 2');
  assert.equal(render('{{.Label "a"}} {{"b" | .Label}}'), 'label a label b');
  assert.equal(render('{{(index .Labels "a.b")}} {{index .Labels "none"}}|'), 'x |');
});

test('functions', () => {
  assert.equal(
    render('{{json .State}} {{json .Nothing}} {{json .Big}}'),
    '{"Running":true,"Pid":42,"Error":""} null 1795472291712108817',
  );
  assert.equal(
    render('{{join .Env ","}} {{title "a bc"}} {{truncate .ID 2}} {{pad "x" 1 2}}|'),
    'A=1,B=2 A Bc ab  x  |',
  );
  assert.equal(render('{{println 1 "a"}}{{print 1 2 "a" 3}}'), '1 a\n1 2a3');
  assert.equal(
    render('{{printf "%05d|%-4s|%4s|%q|%v|%x|%.1f|%%" 42 "a" "b" "c" .Env 255 1.25}}'),
    '00042|a   |   b|"c"|[A=1 B=2]|ff|1.3|%',
  );
  assert.equal(
    render('{{eq .ID "x" "abc"}} {{ne 1 2}} {{lt 1 2}} {{ge 2 2}} {{gt "b" "a"}} {{le 3 2}}'),
    'true true true true true false',
  );
  assert.equal(render('{{and .ID .None}} {{or .None .ID}} {{not .None}} {{len .Env}} {{len .ID}}'), '[] abc true 2 3');
  assert.equal(render('{{slice .ID 1}} {{slice .ID 0 1}} {{html "<a>"}}'), 'bc a &lt;a&gt;');
  assert.equal(render('{{and .None (index .Env 9)}}'), '[]', 'what decides ends the evaluation');
});

test('white space is trimmed where the markers say so', () => {
  assert.equal(render('a  {{- .ID -}}  b'), 'aabcb');
  assert.equal(render('a {{- /* comment */ -}} b{{/* another */}}'), 'ab');
  assert.equal(render('{{range .Env -}}\n  {{.}}\n{{- end}}'), 'A=1B=2');
  assert.equal(render('{{-1}}'), '-1', 'a minus without a space belongs to the number');
});

test('strings keep what is between their quotes', () => {
  assert.equal(render('{{"a\\tb\\u00e9"}}{{`c\\t}}`}}'), 'a\tbéc\\t}}');
});

test('mistakes are found before anything is printed, and named with their place', () => {
  const cases: [string, RegExp][] = [
    ['{{.ID', /: template: :1: unclosed action$/],
    ['{{if .ID}}x', /unexpected EOF/],
    ['x{{end}}', /unexpected {{end}}/],
    ['{{nosuch .ID}}', /function "nosuch" not defined/],
    ['{{.ID | }}', /missing value for command/],
    ['{{"a}}', /unclosed action|unterminated quoted string/],
    ['{{(.ID}}', /unclosed left paren/],
    ['{{}}', /missing value for command/],
    ['{{break}}', /\{\{break}} outside \{\{range}}/],
    ['{{range .Env}}{{else}}{{continue}}{{end}}', /\{\{continue}} outside \{\{range}}/],
  ];
  for (const [source, message] of cases) assert.throws(() => new Template(source), message, source);
});

test('errors of execution name the place and the field', () => {
  const error = (source: string) => {
    try {
      render(source);
    } catch (thrown) {
      assert.ok(thrown instanceof TemplateError);
      return thrown.message;
    }
    return assert.fail(source);
  };
  assert.equal(error('{{.Foo}}'), `template: :1:2: executing "" at <.Foo>: can't evaluate field Foo`);
  assert.equal(error('ab {{.State.Foo}}'), `template: :1:11: executing "" at <.State.Foo>: can't evaluate field Foo`);
  assert.match(error('\n{{.Nothing.X}}'), /^template: :2:.*nil pointer evaluating field X/);
  assert.match(error('{{index .Env 7}}'), /index out of range: 7/);
  assert.match(error('{{upper .State}}'), /expected string/);
  assert.match(error('{{.ID "x"}}'), /can't give argument to non-function .ID/);
});
