package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	api "k8s.io/client-go/tools/clientcmd/api"
)

// validity of everything that is made here; a test takes minutes.
const validity = 7 * 24 * time.Hour

// credentials are the files that an apiserver needs, and what its administrator shows.
type credentials struct {
	ca                                                   []byte
	caFile, certFile, keyFile, accountKeyFile, tokenFile string
	token                                                string
}

func makeCredentials(folder string) (*credentials, error) {
	caKey, caCert, err := makeAuthority()
	if err != nil {
		return nil, err
	}
	key, cert, err := makeServing(caKey, caCert)
	if err != nil {
		return nil, err
	}
	accountKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	made := &credentials{ca: encode("CERTIFICATE", caCert.Raw), token: hex.EncodeToString(secret)}
	keyText, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	accountText, err := encodeKey(accountKey)
	if err != nil {
		return nil, err
	}
	for _, file := range []struct {
		place *string
		name  string
		text  []byte
	}{
		{&made.caFile, "ca.crt", made.ca},
		{&made.certFile, "serving.crt", encode("CERTIFICATE", cert)},
		{&made.keyFile, "serving.key", keyText},
		{&made.accountKeyFile, "sa.key", accountText},
		{&made.tokenFile, "tokens.csv", fmt.Appendf(nil, "%s,admin,admin,system:masters\n", made.token)},
	} {
		*file.place = filepath.Join(folder, file.name)
		if err := os.WriteFile(*file.place, file.text, 0o600); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func (made *credentials) kubeconfig(server string) api.Config {
	config := *api.NewConfig()
	config.Clusters["test"] = &api.Cluster{Server: server, CertificateAuthorityData: made.ca}
	config.AuthInfos["admin"] = &api.AuthInfo{Token: made.token}
	config.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: "admin"}
	config.CurrentContext = "test"
	return config
}

func makeAuthority() (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := template("test-ca")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(raw)
	return key, cert, err
}

func makeServing(caKey *ecdsa.PrivateKey, ca *x509.Certificate) (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := template("kube-apiserver")
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = []string{"localhost", "kubernetes.default.svc"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	return key, cert, err
}

func template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(validity),
	}
}

func encode(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return encode("EC PRIVATE KEY", raw), nil
}
