using Fabric.Images.Apt;

namespace Fabric.Images.Tests;

public class AptSourceListTests
{
    [Fact]
    public void A_line_gives_archive_suite_components_and_keyring()
    {
        AptSource source = Assert.Single(AptSourceList.ParseLines([
            "# deb http://commented.example/debian trixie main",
            "deb-src http://sources.example/debian trixie main",
            "deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.example/debian  trixie main contrib # note",
            "deb-but-not",
        ]));
        Assert.Equal("http://mirror.example/debian", source.Uri);
        Assert.Equal("trixie", source.Suite);
        Assert.Equal(["main", "contrib"], source.Components);
        Assert.Equal("/usr/share/keyrings/k.gpg", source.SignedBy);
    }

    [Fact]
    public void A_stanza_gives_a_source_for_each_suite()
    {
        AptSource[] sources =
        [
            .. AptSourceList.ParseStanzas([
                "Types: deb deb-src", "# a comment inside", "URIs: http://mirror.example/debian/", "Suites: bookworm", " bookworm-updates", "Components: main",
                "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg", "", "Types: deb", "Enabled: no", "URIs: http://off.example/debian", "Suites: trixie", "Components: main",
            ]),
        ];
        Assert.Equal(["bookworm", "bookworm-updates"], sources.Select(s => s.Suite));
        Assert.All(sources, s => Assert.Equal("/usr/share/keyrings/debian-archive-keyring.gpg", s.SignedBy));
    }

    [Fact]
    public void A_key_in_the_stanza_itself_is_no_file()
    {
        AptSource source = Assert.Single(AptSourceList.ParseStanzas(
            ["Types: deb", "URIs: http://m.example/debian", "Suites: trixie", "Components: main", "Signed-By:", " -----BEGIN PGP PUBLIC KEY BLOCK-----", " .", " abc"]));
        Assert.Null(source.SignedBy);
    }

    [Fact]
    public void Third_parties_and_additional_suites_are_not_the_archive()
    {
        AptSource[] sources =
        [
            new("https://vendor.example/apt", "cloud-sdk-bookworm", ["main"], null), new("https://vendor.example/node", "nodistro", ["main"], null),
            new("https://vendor.example/linux/debian", "bookworm", ["stable"], null), new("http://security.example/debian-security", "bookworm-security", ["main"], null),
            new("http://first.example/mirror", "bookworm", ["main"], null), new("http://second.example/debian", "bookworm", ["main"], null),
        ];
        Assert.Equal("http://second.example/debian", AptSourceList.FindDebian(sources)?.Uri);
        Assert.Equal("http://first.example/mirror", AptSourceList.FindDebian(sources[..5])?.Uri);
        Assert.Null(AptSourceList.FindDebian(sources[..4]));
    }

    [Fact]
    public void Uris_are_read_with_epochs_in_their_versions()
    {
        IReadOnlyList<AptPackage> packages = AptPackage.ParseUris(
            "'http://m.example/debian/pool/main/b/busybox/busybox-static_1.37.0-6%2bb9_riscv64.deb' busybox-static_1%3a1.37.0-6+b9_riscv64.deb 941532 SHA256:00\nReading…\n");
        AptPackage package = Assert.Single(packages);
        Assert.Equal(("busybox-static", "1:1.37.0-6+b9", 941532L), (package.Name, package.Version, package.Size));
    }

    [Fact]
    public void The_machines_settings_for_downloading_are_taken_but_not_those_for_trust()
    {
        string configuration = PrivateApt.Configuration(
            "/r", "riscv64", "Acquire \"\";\nAcquire::http::Proxy \"http://proxy.example:3128\";\nAcquire::AllowInsecureRepositories \"1\";\nAcquire::http::AllowRedirect \"x\";\n");
        Assert.Contains("Acquire::http::Proxy \"http://proxy.example:3128\";", configuration, StringComparison.Ordinal);
        Assert.DoesNotContain("AllowInsecure", configuration, StringComparison.OrdinalIgnoreCase);
    }

    [SkippableFact]
    public void Without_a_mirror_the_error_says_how_to_name_one()
    {
        Skip.IfNot(File.Exists("/usr/share/keyrings/debian-archive-keyring.gpg"), "needs the package debian-archive-keyring");
        Assert.Contains("FABRIC_DEBIAN_MIRROR", Assert.Throws<ImageException>(() => PrivateApt.Choose(null, null)).Message, StringComparison.Ordinal);
        Assert.Equal("http://given.example/debian", PrivateApt.Choose(null, "http://given.example/debian").Mirror);
    }
}
