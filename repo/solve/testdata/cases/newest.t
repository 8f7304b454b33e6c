# the newest version, and what it requires
repo system 0 testtags <inline>
#>=Ver: 3.0
repo available 0 testtags <inline>
#>=Ver: 3.0
#>=Pkg: tool 1 1 noarch
#>=Pkg: tool 2 1 noarch
#>=Req: library >= 2
#>=Pkg: library 1 1 noarch
#>=Pkg: library 3 1 noarch
system i686 rpm system
job install name tool
result transaction,problems <inline>
#>install library-3-1.noarch@available
#>install tool-2-1.noarch@available
