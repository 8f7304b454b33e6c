package oci

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/fimg/fimg/internal/fault"
)

// Registry is a client of one registry (OCI distribution specification 1.1).
type Registry struct {
	// Client makes the requests; nil means http.DefaultClient.
	Client *http.Client
	// User and Password are for basic authentication and for tokens; empty
	// means anonymous.
	User, Password string
	// PlainHTTP speaks http, for registries on the machine itself.
	PlainHTTP bool

	auth string // the last authorization that was accepted
}

// RegistryError is a refusal.
type RegistryError struct {
	Action, Reference string
	Status            int
	Message           string
}

func (e *RegistryError) Error() string {
	return fmt.Sprintf("%s %s: registry answers %d %s %s", e.Action, e.Reference, e.Status, http.StatusText(e.Status), e.Message)
}

// FaultClass implements fault.Classed.
func (e *RegistryError) FaultClass() fault.Class { return fault.Repository }

// reference is HOST/NAME:TAG or HOST/NAME@DIGEST.
type reference struct{ text, host, name, tag string }

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagForm  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
)

func parseReference(text string) (reference, error) {
	r := reference{text: text, tag: "latest"}
	host, name, found := strings.Cut(text, "/")
	if before, tag, ok := strings.Cut(name, "@"); ok {
		name, r.tag = before, tag
		if err := checkDigest(tag); err != nil {
			return r, err
		}
	} else if i := strings.LastIndex(name, ":"); i >= 0 {
		name, r.tag = name[:i], name[i+1:]
		found = found && tagForm.MatchString(r.tag)
	}
	r.host, r.name = host, name
	if !found || host == "" || !nameForm.MatchString(name) {
		return r, fault.New(fault.Usage, fmt.Errorf("read reference %q: want HOST/NAME:TAG", text))
	}
	return r, nil
}

func (g *Registry) url(r reference, path string) string {
	scheme := "https"
	if g.PlainHTTP {
		scheme = "http"
	}
	return scheme + "://" + r.host + "/v2/" + r.name + "/" + path
}

// request is one call; body is made anew when the call is repeated.
type request struct {
	action, method, url string
	kind                string // content type
	accept              []string
	blob                *Blob
}

// do makes a call, answering one challenge for authorization. The caller closes
// the body.
func (g *Registry) do(ctx context.Context, r reference, q request, ok ...int) (*http.Response, error) {
	for try := 0; ; try++ {
		resp, err := g.send(ctx, q)
		if err != nil {
			return nil, fault.New(fault.Repository, fmt.Errorf("%s %s: %w", q.action, r.text, err))
		}
		if slices.Contains(ok, resp.StatusCode) {
			return resp, nil
		}
		refusal := refusal(q.action, r, resp)
		if resp.StatusCode != http.StatusUnauthorized || try > 0 {
			return nil, refusal
		}
		if err := g.authorize(ctx, resp.Header.Get("WWW-Authenticate")); err != nil {
			return nil, errors.Join(refusal, err)
		}
	}
}

func refusal(action string, r reference, resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
	resp.Body.Close()
	return &RegistryError{action, r.text, resp.StatusCode, strings.TrimSpace(string(text))}
}

func (g *Registry) send(ctx context.Context, q request) (*http.Response, error) {
	var body io.ReadCloser
	if q.blob != nil {
		var err error
		if body, err = q.blob.Open(); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, q.method, q.url, body)
	if err != nil {
		return nil, err
	}
	if q.blob != nil {
		req.ContentLength = q.blob.Size
		req.Header.Set("Content-Type", q.kind)
	}
	if len(q.accept) > 0 {
		req.Header.Set("Accept", strings.Join(q.accept, ", "))
	}
	if g.auth != "" {
		req.Header.Set("Authorization", g.auth)
	}
	client := g.Client
	if client == nil {
		client = http.DefaultClient
	}
	return client.Do(req)
}

// authorize answers a challenge: with the password, or with a token from the
// service it names.
func (g *Registry) authorize(ctx context.Context, challenge string) error {
	scheme, rest, _ := strings.Cut(challenge, " ")
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(g.User+":"+g.Password))
	if strings.EqualFold(scheme, "basic") {
		g.auth = basic
		return nil
	}
	if !strings.EqualFold(scheme, "bearer") {
		return fmt.Errorf("authorization %q is not supported", scheme)
	}
	params := challengeParams(rest)
	realm, err := url.Parse(params["realm"])
	if err != nil || realm.Scheme != "https" && !g.PlainHTTP {
		return fmt.Errorf("token service %q: want an https address", params["realm"])
	}
	query := realm.Query()
	for _, key := range []string{"service", "scope"} {
		if params[key] != "" {
			query.Set(key, params[key])
		}
	}
	realm.RawQuery = query.Encode()
	g.auth = ""
	if g.User != "" {
		g.auth = basic
	}
	return g.token(ctx, realm.String())
}

func (g *Registry) token(ctx context.Context, address string) error {
	resp, err := g.send(ctx, request{method: http.MethodGet, url: address})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Token  string `json:"token"`
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxJSON)).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("token service answers %d (%v)", resp.StatusCode, err)
	}
	g.auth = "Bearer " + or(answer.Token, answer.Access)
	return nil
}

var paramForm = regexp.MustCompile(`(\w+)="([^"]*)"`)

func challengeParams(text string) map[string]string {
	params := map[string]string{}
	for _, m := range paramForm.FindAllStringSubmatch(text, -1) {
		params[m[1]] = m[2]
	}
	return params
}

// Push stores the image under HOST/NAME:TAG. Layers that are there already are
// not sent again.
func (g *Registry) Push(ctx context.Context, i *Image, ref string) error {
	r, err := parseReference(ref)
	if err != nil {
		return err
	}
	config, man, err := i.encode()
	if err != nil {
		return err
	}
	blobs := map[string]Blob{config.Digest: config}
	for _, l := range i.Layers {
		blobs[l.Digest] = l.Blob
	}
	for _, d := range slices.Sorted(maps.Keys(blobs)) {
		if err := g.pushBlob(ctx, r, blobs[d]); err != nil {
			return err
		}
	}
	resp, err := g.do(ctx, r, request{action: "push manifest", method: http.MethodPut,
		url: g.url(r, "manifests/"+r.tag), kind: typeManifest, blob: &man}, http.StatusCreated)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func (g *Registry) pushBlob(ctx context.Context, r reference, b Blob) error {
	resp, err := g.do(ctx, r, request{action: "look for layer", method: http.MethodHead, url: g.url(r, "blobs/"+b.Digest)},
		http.StatusOK, http.StatusNotFound)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	resp, err = g.do(ctx, r, request{action: "begin upload", method: http.MethodPost, url: g.url(r, "blobs/uploads/")}, http.StatusAccepted)
	if err != nil {
		return err
	}
	resp.Body.Close()
	place, err := resp.Location()
	if err != nil {
		return fmt.Errorf("push layer %s: %w", r.text, err)
	}
	query := place.Query()
	query.Set("digest", b.Digest)
	place.RawQuery = query.Encode()
	resp, err = g.do(ctx, r, request{action: "push layer", method: http.MethodPut, url: place.String(),
		kind: "application/octet-stream", blob: &b}, http.StatusCreated)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// Pull finds the image of an architecture (as rpm names it). Its layers are
// fetched when they are read, each time.
func (g *Registry) Pull(ctx context.Context, ref, arch string) (*Image, error) {
	r, err := parseReference(ref)
	if err != nil {
		return nil, err
	}
	resp, err := g.do(ctx, r, request{action: "pull manifest", method: http.MethodGet, url: g.url(r, "manifests/"+r.tag),
		accept: []string{typeIndex, typeManifest, dockerList, dockerManifest}}, http.StatusOK)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON))
	resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("pull %s: %w", ref, err)
	}
	if want := r.tag; strings.HasPrefix(want, "sha256:") && digest(raw) != want {
		return nil, &DigestError{Got: digest(raw), Want: want}
	}
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("pull %s: %w", ref, err)
	}
	blob := func(d descriptor) Blob { return g.blob(ctx, r, d) }
	if len(m.Manifests) > 0 {
		return fromIndex(m, "", arch, blob)
	}
	return fromManifest(m, blob)
}

func (g *Registry) blob(ctx context.Context, r reference, d descriptor) Blob {
	kind := "blobs/"
	if d.MediaType == typeManifest || d.MediaType == dockerManifest || d.MediaType == typeIndex || d.MediaType == dockerList {
		kind = "manifests/"
	}
	return Blob{Digest: d.Digest, Size: d.Size, open: func() (io.ReadCloser, error) {
		if err := checkDigest(d.Digest); err != nil {
			return nil, err
		}
		resp, err := g.do(ctx, r, request{action: "pull", method: http.MethodGet, url: g.url(r, kind+d.Digest),
			accept: []string{d.MediaType, "*/*"}}, http.StatusOK)
		if err != nil {
			return nil, err
		}
		return resp.Body, nil
	}}
}
