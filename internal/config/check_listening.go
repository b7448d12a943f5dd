package config

func (s *statements) listening() {
	s.group = GroupListening
	c := s.c
	switch {
	case c.ListenSocket != "":
		s.ok("ListenSocket", "The API and web page are served on the unix socket %s only.", c.ListenSocket)
	case c.listensOnLoopbackOnly() && !c.given("ListenAddress"):
		s.note("ListenAddress", "The API and web page are served on %s: only this machine can reach them, because no file gives an address.",
			c.EffectiveListenAddress()).Example = `"ListenAddress": ":3000"`
	default:
		s.ok("ListenAddress UseSSL", "The API and web page are served on %s by %s.", c.EffectiveListenAddress(), scheme(c.UseSSL))
	}
	if c.ReadOnly {
		s.note("ReadOnly", "The API refuses every change. Automatic recovery is not affected.")
	}
	s.authentication()
}

func scheme(tls bool) string {
	if tls {
		return "HTTPS"
	}
	return "HTTP"
}

func (s *statements) authentication() {
	c := s.c
	switch method := c.authentication(); method {
	case "":
		s.noAuthentication()
	case "proxy":
		s.proxyAuthentication()
	case "oauth":
		s.concern("AuthenticationMethod", "Nobody may change anything through the API: oauth authorises nobody.")
	case "users":
		s.ok("AuthenticationMethod AuthUsersFile", "The API asks for user and password, or a token; %s lists them with their roles.", c.AuthUsersFile)
		s.plainPasswords()
	case "token":
		s.ok("AuthenticationMethod AccessTokenExpiryMinutes", "Changes through the API need an access token.")
	default:
		s.ok("AuthenticationMethod HTTPAuthUser", "The API asks for user and password (%s).", method)
		s.plainPasswords()
	}
	if c.AuthUsersFile != "" && c.authentication() != "users" {
		s.ok("AuthUsersFile", "Machines may send a token of %s.", c.AuthUsersFile)
	}
}

func (s *statements) plainPasswords() {
	if !s.c.UseSSL && !s.c.listensOnLoopbackOnly() {
		s.note("UseSSL", "Passwords travel over plain HTTP unless something in front of the service adds TLS.")
	}
}

func (s *statements) noAuthentication() {
	switch {
	case s.c.UseMutualTLS:
		s.ok("UseMutualTLS SSLValidOUs", "Clients must show a certificate of an accepted OrganizationalUnit.")
	case s.c.listensOnLoopbackOnly():
		s.note("AuthenticationMethod", "There is no authentication: everybody on this machine who can connect may change topologies.")
	case s.c.ReadOnly:
		s.note("AuthenticationMethod", "There is no authentication: everybody who can connect may read.")
	default:
		s.concern("AuthenticationMethod", "There is no authentication: everybody who can connect may change topologies.").
			Example = `"AuthenticationMethod": "basic", "HTTPAuthUser": "admin", "HTTPAuthPassword": "${ORCHESTRATOR_HTTP_PASSWORD}"`
	}
}

func (s *statements) proxyAuthentication() {
	c := s.c
	everybody := false
	for _, user := range c.PowerAuthUsers {
		everybody = everybody || user == "*"
	}
	if everybody {
		s.concern("PowerAuthUsers", "A proxy says who the user is (header %s), and everybody may change topologies.", c.AuthUserHeader).
			Example = `"PowerAuthUsers": ["alice", "bob"]`
		return
	}
	s.ok("AuthenticationMethod PowerAuthUsers PowerAuthGroups", "A proxy says who the user is (header %s); %d users and %d groups may change topologies.",
		c.AuthUserHeader, len(c.PowerAuthUsers), len(c.PowerAuthGroups))
	if !c.listensOnLoopbackOnly() {
		s.note("ListenAddress AuthUserHeader", "Whoever reaches %s without passing the proxy can claim to be any user.", c.EffectiveListenAddress())
	}
}
