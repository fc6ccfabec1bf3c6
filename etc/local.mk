# etc: configuration, units of systemd, its user and its directories. The units in the source name
# the programs of /usr; what is installed names those of the prefix.
ETC_UNITS = etc/system/aschedd.service etc/user/aschedd.service
ETC_RULES = etc/rules/asched.sysusers etc/rules/asched.tmpfiles
EXTRA_DIST += etc/asched.conf etc/spawn.conf etc/aschedd.service etc/aschedd-user.service \
	etc/aschedd-strict.conf etc/asched.sysusers etc/asched.tmpfiles
CLEANFILES += $(ETC_UNITS) $(ETC_RULES)

configdir = $(sysconfdir)/asched
ETC_SED = $(MKDIR_P) $(@D) && sed -e 's|/usr/sbin/|$(sbindir)/|' \
	-e 's|/var/lib/|$(localstatedir)/lib/|'

etc/system/aschedd.service: etc/aschedd.service Makefile
	$(AM_V_GEN)$(ETC_SED) $(srcdir)/etc/aschedd.service > $@
etc/user/aschedd.service: etc/aschedd-user.service Makefile
	$(AM_V_GEN)$(ETC_SED) $(srcdir)/etc/aschedd-user.service > $@
etc/rules/asched.sysusers: etc/asched.sysusers Makefile
	$(AM_V_GEN)$(ETC_SED) $(srcdir)/etc/asched.sysusers > $@
etc/rules/asched.tmpfiles: etc/asched.tmpfiles Makefile
	$(AM_V_GEN)$(ETC_SED) $(srcdir)/etc/asched.tmpfiles > $@

INSTALL_ETC = install-config
UNINSTALL_ETC = uninstall-config
if HAVE_SYSTEMD_DIR
noinst_DATA = $(ETC_UNITS) $(ETC_RULES)
INSTALL_ETC += install-systemd
UNINSTALL_ETC += uninstall-systemd
endif

install-data-local: $(INSTALL_ETC)
uninstall-local: $(UNINSTALL_ETC)

# A configuration that is there already is the administrator's.
install-config:
	$(MKDIR_P) '$(DESTDIR)$(configdir)'
	for name in asched.conf spawn.conf; do \
		test -e '$(DESTDIR)$(configdir)'/$$name || \
		$(INSTALL_DATA) $(srcdir)/etc/$$name '$(DESTDIR)$(configdir)'/$$name || exit 1; \
	done

uninstall-config:
	for name in asched.conf spawn.conf; do \
		if cmp -s $(srcdir)/etc/$$name '$(DESTDIR)$(configdir)'/$$name; then \
			rm -f '$(DESTDIR)$(configdir)'/$$name; \
		fi; \
	done
	-rmdir '$(DESTDIR)$(configdir)'

install-systemd: $(ETC_UNITS) $(ETC_RULES)
	$(MKDIR_P) '$(DESTDIR)$(systemdsystemunitdir)' '$(DESTDIR)$(systemduserunitdir)' \
		'$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)'
	$(INSTALL_DATA) etc/system/aschedd.service '$(DESTDIR)$(systemdsystemunitdir)'
	$(INSTALL_DATA) etc/user/aschedd.service '$(DESTDIR)$(systemduserunitdir)'
	$(INSTALL_DATA) etc/rules/asched.sysusers '$(DESTDIR)$(sysusersdir)'/asched.conf
	$(INSTALL_DATA) etc/rules/asched.tmpfiles '$(DESTDIR)$(tmpfilesdir)'/asched.conf

uninstall-systemd:
	rm -f '$(DESTDIR)$(systemdsystemunitdir)'/aschedd.service \
		'$(DESTDIR)$(systemduserunitdir)'/aschedd.service \
		'$(DESTDIR)$(sysusersdir)'/asched.conf '$(DESTDIR)$(tmpfilesdir)'/asched.conf

.PHONY: install-config uninstall-config install-systemd uninstall-systemd
