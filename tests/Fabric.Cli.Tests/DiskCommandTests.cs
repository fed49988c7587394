using System.Diagnostics;
using System.Text.Json;
using Fabric.Disk;

namespace Fabric.Cli.Tests;

public sealed class DiskCommandTests : IDisposable
{
    private readonly Sandbox _user = new();

    public void Dispose() => _user.Dispose();

    [Fact]
    public void AThinOverlayTakesTheSizeOfItsBase()
    {
        File.WriteAllBytes(Path.Combine(_user.Home, "base.img"), new byte[3 << 20]);
        Sandbox.Run create = _user.Fabric("disk", "create", "-f", "qcow2", "-b", "base.img", "-F", "raw", "thin.qcow2");
        Assert.Equal(("", 0, "Formatting 'thin.qcow2', fmt=qcow2 cluster_size=65536 extended_l2=off compression_type=zlib size=3145728 backing_file=base.img backing_fmt=raw lazy_refcounts=off refcount_bits=16\n"), (create.Error, create.Status, create.Out));
        using JsonDocument info = JsonDocument.Parse(_user.Fabric("disk", "info", "thin.qcow2", "--output=json").Out);
        Assert.Equal(3 << 20, info.RootElement.GetProperty("virtual-size").GetInt64());
        Assert.Equal("base.img", info.RootElement.GetProperty("backing-filename").GetString());
        Assert.Contains("backing file: base.img", _user.Fabric("disk", "info", "thin.qcow2").Out);
    }

    [SkippableFact]
    public void QemuImgReadsTheSameAsWeSay()
    {
        Skip.IfNot(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed (apt-get install qemu-utils)");
        Assert.Equal(0, _user.Fabric("disk", "create", "data.qcow2", "64MiB").Status);
        using Process peer = Process.Start(new ProcessStartInfo("qemu-img", ["info", "--output=json", "data.qcow2"]) { RedirectStandardOutput = true, WorkingDirectory = _user.Home })!;
        using JsonDocument theirs = JsonDocument.Parse(peer.StandardOutput.ReadToEnd());
        using JsonDocument ours = JsonDocument.Parse(_user.Fabric("disk", "info", "data.qcow2", "--json").Out);
        foreach (string key in new[] { "virtual-size", "cluster-size", "actual-size" })
            Assert.Equal(theirs.RootElement.GetProperty(key).GetInt64(), ours.RootElement.GetProperty(key).GetInt64());
        Assert.Equal(theirs.RootElement.GetProperty("format").GetString(), ours.RootElement.GetProperty("format").GetString());
    }

    [Theory]
    [InlineData(1, "needs a size", "disk", "create", "x.qcow2")]
    [InlineData(1, "Invalid image size", "disk", "create", "x.qcow2", "many")]
    [InlineData(1, "x.qcow2: Could not open 'base.img': No such file or directory", "disk", "create", "-b", "base.img", "x.qcow2")]
    [InlineData(2, "unrecognized option '--bogus'", "disk", "info", "--bogus", "nowhere.qcow2")]
    [InlineData(1, "Could not open 'nowhere.qcow2': Could not open 'nowhere.qcow2': No such file", "disk", "info", "nowhere.qcow2")]
    public void WhatIsMissingIsSaid(int status, string line, params string[] args)
    {
        Sandbox.Run run = _user.Fabric(args);
        Assert.Equal(status, run.Status);
        Assert.Contains(line, run.ErrorLine);
    }

    [Fact]
    public void AnExistingImageIsReplacedUnlessItIsInUse()
    {
        _user.Write("data.qcow2", "old");
        Assert.Equal(0, _user.Fabric("disk", "create", "data.qcow2", "1MiB").Status);
        using (DiskImage.Open(Path.Combine(_user.Home, "data.qcow2")))
            Assert.Contains("is in use", _user.Fabric("disk", "create", "data.qcow2", "2MiB").ErrorLine);
        Assert.Contains("1 MiB (1048576 bytes)", _user.Fabric("disk", "info", "data.qcow2").Out);
    }
}
