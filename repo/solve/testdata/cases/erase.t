# what requires an erased package goes with it; a provider that stays is enough
repo system 0 testtags <inline>
#>=Ver: 3.0
#>=Pkg: base 1 1 noarch
#>=Pkg: tool 1 1 noarch
#>=Req: base
#>=Pkg: other 1 1 noarch
system i686 rpm system
solverflags allowuninstall
job erase name base
result transaction,problems <inline>
#>erase base-1-1.noarch@system
#>erase tool-1-1.noarch@system
